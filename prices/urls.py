"""The page at the root, and the API."""

from django.urls import include, path

from .page import page

urlpatterns = [
    path("", page, name="page"),
    path("", include("prices.api.urls")),
]
