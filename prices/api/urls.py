"""The URLs of the API: the browsable tree under /api/, and the three questions at the root."""

from collections.abc import Callable
from typing import Any

from csp.decorators import csp_update
from django.http import HttpResponseBase
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import APIRootView, DefaultRouter

from pricetracker import __version__

from . import events, metrics, viewsets
from .errors import prefer_json
from .health import HealthView
from .known_parameters import KnownParameters


class TapeAPI(KnownParameters, APIRootView):
    """Recorded prices of Binance Spot, and whether the tape is complete."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        # This is no viewset, and so the router does not list it.
        response.data["events"] = reverse("events", request=request)
        response.data["version"] = __version__
        return response


class Schema(KnownParameters, SpectacularAPIView):
    """OpenAPI's description of this API, as YAML or JSON."""


class Docs(KnownParameters, SpectacularSwaggerSplitView):
    """The schema as a page to read and to try out. Its script is a file, not part of the page."""

    template_name = "prices/docs.html"

    def known_parameters(self) -> frozenset[str]:
        return super().known_parameters() | {"script"}

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        # The only renderer of this view fills in a template, which has no place for options.
        prefer_json(request)
        return super().options(request, *args, **kwargs)


class Router(DefaultRouter):
    APIRootView = TapeAPI
    # `?format=json` does the same as a suffix, and works for actions without a `format` argument.
    include_format_suffixes = False


router = Router()
router.register("prices", viewsets.PriceViewSet, basename="price")
router.register("candles", viewsets.CandleViewSet, basename="candle")
router.register("gaps", viewsets.GapViewSet, basename="gap")
router.register("symbols", viewsets.SymbolViewSet, basename="symbol")


def at_root(action: str) -> Callable[..., HttpResponseBase]:
    """An action of the prices without its viewset's path, configured as the router would do it."""
    options = getattr(viewsets.PriceViewSet, action).kwargs
    return viewsets.PriceViewSet.as_view({"get": action}, **options)


urlpatterns = [
    path("latest", at_root("latest"), name="latest"),
    path("price-at-second", at_root("price_at_second"), name="price-at-second"),
    path("minmax", at_root("minmax"), name="minmax"),
    path("health", HealthView.as_view(), name="health"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/events/", events.EventsView.as_view(), name="events"),
    path("api/", include(router.urls)),
    path("api/schema/", Schema.as_view(), name="schema"),
    # Swagger UI's style sheet holds its icons.
    path(
        "api/docs/",
        csp_update({"img-src": ["data:"]})(Docs.as_view(url_name="schema")),
        name="docs",
    ),
]
