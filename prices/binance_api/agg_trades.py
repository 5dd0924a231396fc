"""aggTrades: ticks from an id on, between two instants, or the newest."""

from datetime import datetime
from typing import Any

from replay.params import ParameterError, Params

from ..models import Price, Symbol
from . import symbols
from .coverage import of_page
from .endpoint import Answer, Asked, endpoint
from .written import decimal, instant, time

# Times may step back a little along the ids, so the first ticks by time are not the first ones by
# id. That many ticks may be out of order; recordings of a busy day have a handful at a time.
STRAGGLERS = 100


@endpoint("symbol", "fromId", "startTime", "endTime", "limit", weight=4)
def agg_trades(asked: Asked) -> Answer:
    symbol = symbols.one(asked.params)
    found = _chosen(symbol, asked.params, asked.microseconds)
    verdict = of_page(
        symbol,
        found,
        first=asked.params.number("fromId"),
        start=_bound(asked.params.time("startTime", asked.microseconds)),
        end=_bound(asked.params.last_time("endTime", asked.microseconds)),
        full=len(found) == asked.params.limit(),
    )
    return Answer([_row(tick, asked.unit) for tick in found], verdict)


def _row(tick: Price, unit: int) -> dict[str, Any]:
    """The exchange numbers its aggregates; here the first trade of each is its number."""
    row = {
        "a": tick.first_trade,
        "p": decimal(tick.price),
        "q": decimal(tick.quantity),
        "f": tick.first_trade,
        "l": tick.last_trade,
        "T": time(tick.timestamp, unit),
        "m": tick.is_buyer_maker,
        "M": True,
    }
    if tick.is_buyer_maker is None:
        # Clients take null for false, which would be a side.
        del row["m"]
    return row


def _bound(time: int | None) -> datetime | None:
    return None if time is None else instant(time)


def _chosen(symbol: Symbol, params: Params, now: int) -> list[Price]:
    """By trade id, which is how clients go on from a page."""
    limit, first = params.limit(), params.number("fromId")
    start = _bound(params.time("startTime", now))
    end = _bound(params.last_time("endTime", now))
    ticks = Price.objects.filter(symbol=symbol)
    if first is not None:
        if start is not None or end is not None:
            raise ParameterError(-1128, "Combination of optional parameters invalid.")
        return list(ticks.filter(first_trade__gte=first).order_by("first_trade")[:limit])
    if end is not None:
        ticks = ticks.filter(timestamp__lte=end)
    if start is not None:
        ticks = ticks.filter(timestamp__gte=start)
        by_time = ticks.order_by("timestamp", "first_trade")[: limit + STRAGGLERS]
        return sorted(by_time, key=_id)[:limit]
    by_time = ticks.order_by("-timestamp", "-first_trade")[: limit + STRAGGLERS]
    return sorted(by_time, key=_id)[-limit:]


def _id(tick: Price) -> int:
    return tick.first_trade
