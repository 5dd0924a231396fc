"""The page at the root, and the API."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views.generic import RedirectView

from .page import bundle, page


def moved(name: str) -> Callable[..., HttpResponseBase]:
    """A permanent redirect to a page of the admin, with what was searched for."""
    return RedirectView.as_view(pattern_name=name, permanent=True, query_string=True)


urlpatterns = [
    # Where the admin listed them until they got natural keys: bookmarks still work.
    path("admin/prices/price/", moved("admin:prices_tick_changelist")),
    path("admin/prices/candle/", moved("admin:prices_candlerow_changelist")),
    path("", page, name="page"),
    path("page.js", bundle.serve_script, name="page-script"),
    path("page.css", bundle.serve_sheet, name="page-sheet"),
    path("api/v3/", include("prices.binance_api.urls")),
    path("", include("prices.api.urls")),
]
