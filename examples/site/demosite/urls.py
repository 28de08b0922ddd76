from django.urls import path
from gallery import views

urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("upload/", views.upload, name="upload"),
    path("requests/", views.requests, name="requests"),
]
