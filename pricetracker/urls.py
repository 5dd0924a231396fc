"""Where everything of the site is found."""

from django.contrib import admin
from django.urls import include, path

from prices.page import page

urlpatterns = [
    path("", page, name="page"),
    path("admin/", admin.site.urls),
    path("", include("prices.api.urls")),
]
