"""Candles: those of minutes, which are stored, and those of intervals, folded from them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connections, models
from django.db.models import QuerySet

from ..folded_candle import FoldedCandle
from ..minutes import EPOCH, MINUTE, minute_number
from ..sql import statement
from .symbol import Symbol

# How many minutes each interval has. Intervals are aligned to midnight UTC.
INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}

MINUTES, FOLD = map(statement, ("read/minutes", "read/candles"))

# The number of a minute after every minute of Python's calendar, whatever the interval.
FOREVER = minute_number(datetime.max.replace(tzinfo=UTC)) + max(INTERVALS.values())


class CandleQuerySet(QuerySet["Candle"]):
    def newest(self, numbers: Collection[int], minutes: int) -> list[FoldedCandle]:
        """The newest candle of each of some symbols, by number, at an interval of `minutes`."""
        names = Symbol.objects.filter(pk__in=numbers).values_list("pk", "name")
        return self.folded(dict(names), minutes, limit=1)

    def folded(
        self,
        symbols: Mapping[int, str],
        minutes: int,
        *,
        limit: int,
        first: int = 0,
        stop: int = FOREVER,
    ) -> list[FoldedCandle]:
        """Up to `limit` candles of each symbol, newest first, by one query.

        `symbols`: names by number. `first` and `stop`: the range of minutes to read, as numbers
        since 1970, `stop` excluded; each must begin an interval.
        """
        wanted: dict[str, Any] = {"symbols": list(symbols), "minutes": minutes, "limit": limit}
        with connections[self.db].cursor() as cursor:
            found = MINUTES if minutes == 1 else FOLD
            cursor.execute(found, wanted | {"first": first, "stop": stop})
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
    """The candles of a symbol at an interval that begin at or after `start` and before `end`.

    None: no such bound. Candles are whole: one that begins outside of the range is left out.
    """

    symbol: Symbol
    minutes: int
    start: datetime | None = None
    end: datetime | None = None

    def newest(self, limit: int, before: int | None = None) -> list[FoldedCandle]:
        """Up to `limit` candles, newest first.

        `before`: only those that begin before the minute with this number.
        """
        first, stop = 0, FOREVER
        if self.start:
            first = max(first, minute_from(self.start, self.minutes))
        if self.end:
            stop = min(stop, minute_from(self.end, self.minutes))
        if before is not None:
            stop = min(stop, aligned(before, self.minutes))
        symbols = {self.symbol.pk: self.symbol.name}
        return Candle.objects.folded(
            symbols, self.minutes, limit=limit, first=first, stop=max(0, stop)
        )


class CandleColumns(models.Model):
    """What a candle of a minute says, in the table and in the view that the admin browses."""

    minute = models.DateTimeField()
    first_trade = models.BigIntegerField()
    last_trade = models.BigIntegerField()
    trades = models.IntegerField()
    open = models.DecimalField(max_digits=18, decimal_places=8)
    high = models.DecimalField(max_digits=18, decimal_places=8)
    low = models.DecimalField(max_digits=18, decimal_places=8)
    close = models.DecimalField(max_digits=18, decimal_places=8)
    volume = models.DecimalField(max_digits=28, decimal_places=8)
    # Price times quantity has up to 16 decimals and is below 10^10 times the volume: nothing is
    # rounded. NULL in candles from before it was kept.
    quote_volume = models.DecimalField(max_digits=46, decimal_places=16, null=True)
    # The part in which the buyer was the taker. NULL when that is not known of each tick.
    taker_buy_volume = models.DecimalField(max_digits=28, decimal_places=8, null=True)
    taker_buy_quote_volume = models.DecimalField(max_digits=46, decimal_places=16, null=True)

    class Meta:
        abstract = True


class Candle(CandleColumns):
    """One minute of one symbol, half-open, updated by the transaction that stores its ticks.

    Open and close are by trade id, not by arrival: those of `first_trade` and `last_trade`.
    `trades` compared with these two ids shows whether the minute is whole. A minute in which
    nothing was traded has no row.
    """

    # The only index, so that updating a candle touches no other.
    pk = models.CompositePrimaryKey("symbol_id", "minute")
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="candles"
    )

    objects = CandleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.minute.isoformat()} {self.low} - {self.high}"
