"""The URLs of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    # Before the admin, which answers every path below its own.
    path("", include("prices.urls")),
    path("admin/", admin.site.urls),
]

# Under the API's paths these are JSON, as every error there is.
handler400 = "prices.api.errors.bad_request"
handler403 = "prices.api.errors.forbidden"
handler404 = "prices.api.errors.not_found"
handler500 = "prices.api.errors.server_error"
