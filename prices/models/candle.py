"""Candles: those of the minutes, which are stored, and wider ones, which are folded from them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connections, models
from django.db.models import QuerySet

from ..minutes import EPOCH, MINUTE, minute_number
from ..sql import statement
from .symbol import Symbol

# Minutes of the intervals that candles may have, aligned to UTC midnight.
INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}

FOLD = statement("read/candles")

# The number of a minute after all that have a name in Python, whatever the interval.
FOREVER = minute_number(datetime.max.replace(tzinfo=UTC)) + max(INTERVALS.values())


class FoldedCandle(NamedTuple):
    """A candle of an interval, made of the minutes in it; `minute` is when it begins.

    No model: a page has hundreds of them, and as instances they would take longer than the reading.
    """

    symbol: Symbol
    minute: datetime
    first_trade: int
    last_trade: int
    trades: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal | None
    taker_buy_volume: Decimal | None
    taker_buy_quote_volume: Decimal | None


class CandleQuerySet(QuerySet["Candle"]):
    def newest(self, numbers: Collection[int], minutes: int) -> list[FoldedCandle]:
        """The newest candle of each of some symbols, by number, at an interval of so many minutes."""
        return self.folded(Symbol.objects.in_bulk(numbers), minutes, limit=1)

    def folded(
        self,
        symbols: Mapping[int, Symbol],
        minutes: int,
        *,
        limit: int,
        first: int = 0,
        stop: int = FOREVER,
    ) -> list[FoldedCandle]:
        """So many candles of each symbol, the newest first, whose minutes have numbers from `first` to before `stop`.

        Both must begin an interval.
        """
        wanted: dict[str, Any] = {"symbols": list(symbols), "minutes": minutes, "limit": limit}
        with connections[self.db].cursor() as cursor:
            cursor.execute(FOLD, wanted | {"first": first, "stop": stop})
            rows = cursor.fetchall()
        return [FoldedCandle(symbols[number], *row) for number, *row in rows]


def minute_from(instant: datetime, minutes: int) -> int:
    """The number of the minute that begins the first interval at or after an instant."""
    return aligned(-((EPOCH - instant) // MINUTE), minutes)


def aligned(number: int, minutes: int) -> int:
    """A minute's number, or the next one that begins an interval."""
    return -(-number // minutes) * minutes


@dataclass(frozen=True)
class Series:
    """The candles of a symbol at an interval of so many minutes that begin at or after `start` and before `end`.

    None: no such bound. An interval that begins outside is left out whole: no candle is made of a part of its minutes.
    """

    symbol: Symbol
    minutes: int
    start: datetime | None = None
    end: datetime | None = None

    def newest(self, limit: int, before: int | None = None) -> list[FoldedCandle]:
        """So many of them, the newest first; with `before`, a minute's number, of those that begin before it."""
        first, stop = 0, FOREVER
        if self.start:
            first = max(first, minute_from(self.start, self.minutes))
        if self.end:
            stop = min(stop, minute_from(self.end, self.minutes))
        if before is not None:
            stop = min(stop, aligned(before, self.minutes))
        symbols = {self.symbol.pk: self.symbol}
        return Candle.objects.folded(
            symbols, self.minutes, limit=limit, first=first, stop=max(0, stop)
        )


class Candle(models.Model):
    """One minute of one symbol, half-open, kept up to date in the statement that stores its ticks.

    Open and close go by trade id, not by arrival: `first_trade` and `last_trade` say whose they are. `trades` against
    those two ids shows whether the minute is whole. A minute in which nothing was traded has no row.

    A wider candle is the same of an interval (`FoldedCandle`): not stored, `minute` is when it begins. Nothing but whole minutes
    goes into it, so open and close are those of its first and last minute.
    """

    # One index, so that rewriting a candle touches no other.
    pk = models.CompositePrimaryKey("symbol_id", "minute")
    minute = models.DateTimeField()
    first_trade = models.BigIntegerField()
    last_trade = models.BigIntegerField()
    trades = models.IntegerField()
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="candles"
    )
    open = models.DecimalField(max_digits=18, decimal_places=8)
    high = models.DecimalField(max_digits=18, decimal_places=8)
    low = models.DecimalField(max_digits=18, decimal_places=8)
    close = models.DecimalField(max_digits=18, decimal_places=8)
    volume = models.DecimalField(max_digits=28, decimal_places=8)
    # Price times quantity has up to 16 decimals, and is below 10^10 times the volume: nothing is rounded. The parts of it
    # in which the buyer was the taker are NULL when it is not known of each tick, and the whole is NULL in candles
    # from before it was kept.
    quote_volume = models.DecimalField(max_digits=46, decimal_places=16, null=True)
    taker_buy_volume = models.DecimalField(max_digits=28, decimal_places=8, null=True)
    taker_buy_quote_volume = models.DecimalField(max_digits=46, decimal_places=16, null=True)

    objects = CandleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.minute.isoformat()} {self.low} - {self.high}"
