"""path("storage/", include("storages.urls")): files of storages on this machine, and direct uploads to any."""

from django.urls import path

from storages import views
from storages.uploads import views as uploads

app_name = "storages"

urlpatterns = [
    path("files/<str:alias>/<path:key>", views.file, name="file"),
    path("uploads/begin", uploads.begin, name="begin"),
    path("uploads/parts", uploads.parts, name="parts"),
    path("uploads/resume", uploads.resume, name="resume"),
    path("uploads/complete", uploads.complete, name="complete"),
    path("uploads/abort", uploads.abort, name="abort"),
]
