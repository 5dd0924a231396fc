"""ticker/price, ticker/24hr and avgPrice."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Sum

from replay.params import ParameterError, Params

from ..coverage import worst
from ..minutes import MICROSECOND, MINUTE, minute_start
from ..models import Price
from ..sql import statement
from . import symbols
from .coverage import of_time
from .endpoint import Answer, Asked, endpoint
from .written import decimal, mean, percent, time

ROLLING = statement("read/rolling")

DAY = timedelta(days=1)

# Minutes of which avgPrice is the mean.
AVERAGED = 5

# A tape of trades has no order book.
NO_ORDER = "0.00000000"

TYPES = ("FULL", "MINI")

# The totals of a day in which nothing was traded.
QUIET: dict[str, Any] = {
    "first_trade": -1,
    "last_trade": -1,
    "trades": 0,
    "volume": Decimal(0),
    "quote_volume": Decimal(0),
}

# Keys that ticker/24hr leaves out when only a MINI ticker is wanted.
FULL_ONLY = (
    "priceChange",
    "priceChangePercent",
    "weightedAvgPrice",
    "prevClosePrice",
    "lastQty",
    "bidPrice",
    "bidQty",
    "askPrice",
    "askQty",
)

# Up to so many symbols cost this much; more, or all, cost the last.
STEPS = ((20, 2), (100, 40))
MOST = 80


def _weight(one: int, more: int) -> Any:
    return lambda params: one if "symbol" in params else more


def _day_weight(params: Params) -> int:
    names = params.symbols()
    if names is None:
        return MOST
    return next((cost for count, cost in STEPS if len(names) <= count), MOST)


@endpoint("symbol", "symbols", weight=_weight(2, 4))
def ticker_price(asked: Asked) -> Answer:
    names = symbols.some(asked.params)
    found = Price.objects.latest(symbols=names)
    rows = [{"symbol": tick.symbol.name, "price": decimal(tick.price)} for tick, _ in found]
    return _one_or_all(asked.params, rows, worst(coverage.verdict for _, coverage in found))


@endpoint("symbol", "symbols", "type", weight=_day_weight)
def ticker_24hr(asked: Asked) -> Answer:
    params = asked.params
    kind = params.required("type") if "type" in params else TYPES[0]
    if kind not in TYPES:
        raise ParameterError(-1130, "Data sent for parameter 'type' is not valid.")
    names = symbols.some(params)
    since = asked.now - DAY
    rows = [_day(row, since, asked) for row in _rolling(names, since)]
    if kind != TYPES[0]:
        rows = [{key: row[key] for key in row if key not in FULL_ONLY} for row in rows]
    return _one_or_all(params, rows, worst(of_time(row["symbol"], since) for row in rows))


@endpoint("symbol", weight=2)
def avg_price(asked: Asked) -> Answer:
    symbol = symbols.one(asked.params)
    found = Price.objects.latest(symbols=[symbol.name])
    if not found:
        raise ParameterError(-1121, "Invalid symbol.")
    (newest, coverage), *_ = found
    since = asked.now - AVERAGED * MINUTE
    total = Price.objects.filter(symbol=symbol, timestamp__gte=since).aggregate(
        quote=Sum(F("price") * F("quantity")), volume=Sum("quantity")
    )
    price = mean(total["quote"], total["volume"]) if total["volume"] else decimal(newest.price)
    verdict = worst([coverage.verdict, of_time(symbol.name, since)])
    body = {"mins": AVERAGED, "price": price, "closeTime": time(newest.timestamp, asked.unit)}
    return Answer(body, verdict)


def _one_or_all(params: Params, rows: list[dict[str, Any]], verdict: Any) -> Answer:
    """An object for `symbol`, an array for the rest. A symbol without any trade has no price."""
    if "symbol" not in params:
        return Answer(rows, verdict)
    if not rows:
        raise ParameterError(-1121, "Invalid symbol.")
    return Answer(rows[0], verdict)


def _rolling(names: Collection[str] | None, since: datetime) -> list[dict[str, Any]]:
    whole = minute_start(since + MINUTE - MICROSECOND)
    wanted = {"names": None if names is None else list(names), "since": since, "whole": whole}
    with connection.cursor() as cursor:
        cursor.execute(ROLLING, wanted)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _day(row: Mapping[str, Any], since: datetime, asked: Asked) -> dict[str, Any]:
    closed = row["close"]
    if row["trades"] is None:
        # As the exchange has it: the price stays, and there are no ids.
        row = {**row, **QUIET, "open": closed, "high": closed, "low": closed}
    opened = row["open"]
    known: dict[str, Decimal | None] = {
        "prevClosePrice": row["price_before"],
        "quoteVolume": row["quote_volume"],
    }
    day = {
        "symbol": row["name"],
        "priceChange": decimal(closed - opened),
        "priceChangePercent": percent(opened, closed),
        "lastPrice": decimal(closed),
        "lastQty": decimal(row["last_quantity"]),
        "bidPrice": NO_ORDER,
        "bidQty": NO_ORDER,
        "askPrice": NO_ORDER,
        "askQty": NO_ORDER,
        "openPrice": decimal(opened),
        "highPrice": decimal(row["high"]),
        "lowPrice": decimal(row["low"]),
        "volume": decimal(row["volume"]),
        "openTime": time(since, asked.unit),
        "closeTime": time(asked.now, asked.unit),
        "firstId": row["first_trade"],
        "lastId": row["last_trade"],
        "count": int(row["trades"]),
    }
    # What the tape does not know is left out.
    day |= {name: decimal(value) for name, value in known.items() if value is not None}
    if row["quote_volume"]:
        day["weightedAvgPrice"] = mean(row["quote_volume"], row["volume"])
    return day
