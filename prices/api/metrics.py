"""The state of the tape for Prometheus, as text or OpenMetrics, whichever is requested."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import MediaType
from django.utils.cache import patch_vary_headers
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics import exposition as openmetrics
from rest_framework.serializers import ValidationError

from pricetracker import __version__, reasons

from ..counter_names import COUNTERS
from ..models import Counter, Symbol
from .errors import method_not_allowed
from .known_parameters import FORMAT, check, either, names
from .query_params import parameters

logger = logging.getLogger(__name__)

# Writes a scrape, and as what.
Writer = tuple[Callable[["Scrape"], bytes], str]

TEXT: Writer = (generate_latest, CONTENT_TYPE_PLAIN_0_0_4)
OPENMETRICS: Writer = (openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST)

# By the parameter `format`.
WRITERS = {"text": TEXT, "openmetrics": OPENMETRICS}
KNOWN = names()

# What an Accept header may name, and the only version of OpenMetrics that is served.
TEXT_TYPES = ("text/plain", "text/*", "*/*")
OPENMETRICS_TYPE = "application/openmetrics-text"
VERSION = "1.0.0"


class SymbolGauge(NamedTuple):
    """`value` takes a symbol with its state. A symbol for which it returns None has no sample."""

    name: str
    help: str
    value: Callable[[Symbol], Decimal | float | None]

    def family(self, symbols: list[Symbol]) -> Metric:
        family = GaugeMetricFamily(self.name, self.help, labels=["symbol"])
        for symbol in symbols:
            value = self.value(symbol)
            if value is not None:
                # Prometheus knows floats alone. None of these values is a price.
                family.add_metric([symbol.name], float(value))
        return family


def epoch(instant: datetime | None) -> float | None:
    """Seconds since 1970. A float of today's size tells microseconds apart."""
    return None if instant is None else instant.timestamp()


GAUGES = (
    SymbolGauge(
        "pricetracker_feed_live",
        "1 while a recorder sends heartbeats for the symbol.",
        lambda symbol: symbol.live,
    ),
    SymbolGauge(
        "pricetracker_watermark_timestamp_seconds",
        "Unix time up to which the tape is known to be complete, but for its gaps.",
        lambda symbol: epoch(symbol.heard_through),
    ),
    SymbolGauge(
        "pricetracker_newest_tick_timestamp_seconds",
        "Unix time at which the newest tick was traded.",
        lambda symbol: epoch(symbol.traded),
    ),
    SymbolGauge(
        "pricetracker_lag_seconds",
        "From trade time to commit, of the newest commit of a live feed.",
        lambda symbol: symbol.lag_seconds,
    ),
    SymbolGauge(
        "pricetracker_ticks_per_second",
        "Over the last ten seconds of the tape of a live feed.",
        lambda symbol: symbol.ticks_per_second,
    ),
    SymbolGauge("pricetracker_gaps_open", "Gaps that are open.", lambda symbol: symbol.open_gaps),
)


class State(NamedTuple):
    """What is in the database."""

    symbols: list[Symbol]
    counters: dict[str, int]


class Scrape:
    """A collector of one scrape. `state` is None while the database does not answer."""

    def __init__(self, state: State | None) -> None:
        self.state = state

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("pricetracker_build", "What serves this.", {"version": __version__})
        up = int(self.state is not None)
        yield GaugeMetricFamily("pricetracker_up", "1 while the database answers.", up)
        if self.state is not None:
            for gauge in GAUGES:
                yield gauge.family(self.state.symbols)
            for name, meaning in COUNTERS.items():
                # Each is there from the first scrape on, so that its first growth is seen.
                count = self.state.counters.get(name, 0)
                yield CounterMetricFamily(f"pricetracker_{name}", meaning, count)


class Metrics(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            encode, content_type = by_format(request) or wanted(request.accepted_types)
        except ValidationError as error:
            return JsonResponse(error.detail, status=error.status_code)
        # A registry would add the process of the site, of which there may be several.
        # With a status other than 200 Prometheus would not read the body.
        response = HttpResponse(encode(Scrape(read())), content_type)
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Accept"])
        return response

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        allowed = [name.upper() for name in self.http_method_names if hasattr(self, name)]
        return method_not_allowed(request, allowed)


def by_format(request: HttpRequest) -> Writer | None:
    """How the parameter `format` wants them; None without it. Raises ValidationError."""
    given = parameters(request.GET)
    check(given, KNOWN)
    if FORMAT not in given:
        return None
    if given[FORMAT] not in WRITERS:
        raise ValidationError({FORMAT: [f"Must be {either(WRITERS)}."]})
    return WRITERS[given[FORMAT]]


def wanted(accepted: Sequence[MediaType]) -> Writer:
    """How to write the metrics, and as what. `accepted` is in order of preference.

    The library's own choice ignores quality, and fails on a version that is not a number.
    """
    for media in accepted:
        name = f"{media.main_type}/{media.sub_type}"
        if name == OPENMETRICS_TYPE and media.params.get("version", VERSION) == VERSION:
            return OPENMETRICS
        if name in TEXT_TYPES:
            break
    return TEXT


def read() -> State | None:
    """None while the database does not answer."""
    try:
        counters = dict(Counter.objects.values_list("name", "value"))
        return State(Symbol.objects.with_state(), counters)
    except OperationalError as error:
        # Requested every few seconds, it must not log a traceback each time.
        logger.error("Database unavailable: %s", reasons.first(error))  # noqa: TRY400
        return None


# Nothing here needs a CSRF token: without this, the error for a POST would say that it lacks one.
metrics = csrf_exempt(Metrics.as_view())
