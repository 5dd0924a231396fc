"""Where the API is found: the browsable tree under /api/, and the three questions at the root."""

from typing import Any

from csp.decorators import csp_update
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import APIRootView, DefaultRouter

from pricetracker import __version__

from . import events, lists, metrics, state, views
from .errors import prefer_json


class TapeAPI(APIRootView):
    """Recorded prices of Binance Spot, and whether the tape is complete."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        # No list, and so not the router's.
        response.data["events"] = reverse("events", request=request)
        response.data["version"] = __version__
        return response


class Docs(SpectacularSwaggerSplitView):
    """The schema as a page to read and to try. Its script is a file: none is in the page."""

    template_name = "prices/docs.html"

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        # The only renderer of this view fills in a template, which has no place for these.
        prefer_json(request)
        return super().options(request, *args, **kwargs)


class Router(DefaultRouter):
    APIRootView = TapeAPI
    # `?format=json` says the same as a suffix, and reaches actions that know nothing of formats.
    include_format_suffixes = False


router = Router()
router.register("prices", views.PriceViewSet, basename="price")
router.register("candles", lists.CandleViewSet, basename="candle")
router.register("gaps", lists.GapViewSet, basename="gap")
router.register("symbols", state.SymbolViewSet, basename="symbol")

urlpatterns = [
    path("latest", views.PriceViewSet.as_view({"get": "latest"}), name="latest"),
    path(
        "price-at-second",
        views.PriceViewSet.as_view({"get": "price_at_second"}),
        name="price-at-second",
    ),
    path("minmax", views.PriceViewSet.as_view({"get": "minmax"}), name="minmax"),
    path("health", views.HealthView.as_view(), name="health"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/events/", events.EventsView.as_view(), name="events"),
    path("api/", include(router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    # Swagger UI's style sheet holds its icons.
    path(
        "api/docs/",
        csp_update({"img-src": ["data:"]})(Docs.as_view(url_name="schema")),
        name="docs",
    ),
]
