"""The state of the tape for Prometheus, in its text format, version 0.0.4."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from pricetracker import reasons

from ..formats.decimals import decimal_text
from ..models import Symbol
from .errors import method_not_allowed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# What would end a label, or begin an escape in it.
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

logger = logging.getLogger(__name__)


class Gauge(NamedTuple):
    """`value` is given a symbol with its state; a symbol of which it knows nothing has no line."""

    name: str
    help: str
    value: Callable[[Symbol], Decimal | int | None]

    def lines(self, symbols: Iterable[Symbol]) -> Iterator[str]:
        yield from described(self.name, self.help)
        for symbol in symbols:
            value = self.value(symbol)
            if value is not None:
                label = symbol.name.translate(ESCAPES)
                yield f'{self.name}{{symbol="{label}"}} {decimal_text(Decimal(value))}'


def epoch(instant: datetime | None) -> Decimal | None:
    """Seconds since 1970, to the microsecond."""
    return None if instant is None else Decimal(f"{instant.timestamp():.6f}")


GAUGES = (
    Gauge("pricetracker_feed_live", "1 while a recorder vouches.", lambda symbol: symbol.live),
    Gauge(
        "pricetracker_heard_through_seconds",
        "Epoch before which every trade is on the tape or known to be missing.",
        lambda symbol: epoch(symbol.heard_through),
    ),
    Gauge(
        "pricetracker_newest_tick_seconds",
        "Epoch at which the newest tick was traded.",
        lambda symbol: epoch(symbol.traded),
    ),
    Gauge(
        "pricetracker_lag_seconds",
        "From a trade to its commit, of the newest commit of a live feed.",
        lambda symbol: symbol.lag_seconds,
    ),
    Gauge(
        "pricetracker_ticks_per_second",
        "Over the last ten seconds of the tape of a live feed.",
        lambda symbol: symbol.ticks_per_second,
    ),
    Gauge("pricetracker_gaps_open", "Gaps that are open.", lambda symbol: symbol.open_gaps),
)


def described(name: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} gauge"]


def exposition(symbols: list[Symbol] | None) -> str:
    """All metrics; None: of a tracker whose database is away."""
    up = "pricetracker_up"
    lines = [*described(up, "1 when the database answers."), f"{up} {int(symbols is not None)}"]
    for gauge in GAUGES if symbols is not None else ():
        lines += gauge.lines(symbols)
    return "".join(f"{line}\n" for line in lines)


class Metrics(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            response = HttpResponse(exposition(Symbol.objects.with_state()), CONTENT_TYPE)
        except OperationalError as error:
            # Asked every few seconds, it must not tell a traceback each time.
            logger.error("The database does not answer: %s", reasons.first(error))  # noqa: TRY400
            # With another status than 200 Prometheus would not read what stands in it.
            response = HttpResponse(exposition(None), CONTENT_TYPE)
        response["Cache-Control"] = "no-store"
        return response

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return method_not_allowed(request, self._allowed_methods())


# Nothing is changed here that needed a token: without this, a POST would be told that it lacks one.
metrics = csrf_exempt(Metrics.as_view())
