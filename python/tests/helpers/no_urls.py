"""Of a site without pages."""

urlpatterns = []
