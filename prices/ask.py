"""The three questions, each answered together with what the tape can prove about the answer: one statement each."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from .coverage import Coverage, Hole, Known, of_latest
from .minutes import MINUTE
from .models import Candle, Price, Symbol
from .sql import statement

LATEST_OF_ALL, LATEST_OF_SOME, LATEST_OF_ONE = map(
    statement, ("read/latest_all", "read/latest_some", "read/latest_one")
)
PRICE_AT, MINUTE_OF = map(statement, ("read/price_at", "read/minute"))

Row = dict[str, Any]


def latest(names: Collection[str] | None = None) -> list[tuple[Price, Coverage]]:
    """The newest tick of each symbol that has one, of all or of some, ordered by symbol."""
    if names is None:
        found = rows(LATEST_OF_ALL, {})
    elif len(names) == 1:
        found = rows(LATEST_OF_ONE, {"name": next(iter(names))})
    else:
        found = rows(LATEST_OF_SOME, {"names": list(names)})
    return [
        (
            tick(row, Symbol(id=row["number"], name=row["name"])),
            of_latest(row["timestamp"], row["live"], row["heard_through"], holes(row)),
        )
        for row in found
    ]


def price_at(name: str, instant: datetime) -> tuple[Price | None, Coverage]:
    """The last tick at or before an instant. Raises Symbol.DoesNotExist."""
    row = one(PRICE_AT, {"name": name, "instant": instant})
    answer = None if row["first_trade"] is None else tick(row, Symbol(id=row["number"], name=name))
    known = Known(row["newest"], row["vouched"], holes(row), row["torn"])
    return answer, known.of_price(answer, instant)


def minute(name: str, start: datetime) -> tuple[Candle | None, Coverage]:
    """The candle of the minute that starts at an instant. Raises Symbol.DoesNotExist."""
    # Half-open: a gap that begins with the next minute does not touch this one.
    # In this order, the last minute of the calendar has an end too.
    end = start + (MINUTE - timedelta.resolution)
    row = one(MINUTE_OF, {"name": name, "start": start, "end": end})
    answer = None if row["first_trade"] is None else candle(row, start)
    known = Known(row["newest"], row["vouched"], holes(row), row["torn"])
    return answer, known.of_minute(start, row["began"], row["now"])


def rows(query: str, asked: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def one(query: str, asked: Mapping[str, Any]) -> Row:
    """The row of a symbol. Raises Symbol.DoesNotExist."""
    found = rows(query, asked)
    if not found:
        raise Symbol.DoesNotExist
    return found[0]


def tick(row: Row, symbol: Symbol) -> Price:
    names = ("first_trade", "timestamp", "trades", "price")
    return Price(symbol=symbol, **{name: row[name] for name in names})


def candle(row: Row, minute: datetime) -> Candle:
    names = ("first_trade", "last_trade", "trades", "open", "high", "low", "close", "volume")
    names += ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    return Candle(minute=minute, symbol_id=row["number"], **{name: row[name] for name in names})


def holes(row: Row) -> tuple[Hole, ...]:
    # Django leaves JSON to whoever reads it.
    return tuple(
        Hole(*map(datetime.fromisoformat, (hole["starts"], hole["ends"])), hole["status"])
        for hole in map(json.loads, row["holes"])
    )
