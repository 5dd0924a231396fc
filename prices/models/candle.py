"""Candles: those of minutes, which are stored, and those of all intervals, folded from them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, LiteralString

from django.db import connections, models
from django.db.models import QuerySet

from ..candle_intervals import FOREVER, MINUTE, Interval
from ..coverage import Coverage, KnownTape
from ..sql import statement
from .symbol import Symbol
from .touching import touching
from .written_candle import WrittenCandle

SECONDS, MINUTES, FOLD, COVERAGE = map(
    statement, ("read/seconds", "read/minutes", "read/candles", "read/candle_coverage")
)

# The columns of a candle. Those that its coverage follows from come after them.
COLUMNS = len(WrittenCandle._fields)


class CandleQuerySet(QuerySet["Candle"]):
    def newest(self, numbers: Collection[int], interval: Interval) -> list[WrittenCandle]:
        """The newest candle of each of some symbols, by number, at an interval."""
        return self.written(numbers, interval, limit=1)

    def written(
        self,
        numbers: Collection[int],
        interval: Interval,
        *,
        limit: int,
        first: int = 0,
        stop: int = FOREVER,
        coverage: bool = False,
    ) -> list[WrittenCandle]:
        """Up to `limit` candles of each symbol, by number, newest first, by one query.

        `first` and `stop`: the range to read, in seconds since 1970,
        `stop` excluded; each must begin an interval. `coverage`: each with its coverage, of the
        same snapshot.
        """
        wanted: dict[str, Any] = {
            "symbols": list(numbers),
            "limit": limit,
            "first": first,
            "stop": stop,
            "length": interval.length,
            "origin": interval.origin,
            "widths": interval.widths,
        }
        sql = reading(interval)
        if coverage:
            sql = f"WITH candle AS MATERIALIZED (\n{sql}\n)\n{COVERAGE}"
        with connections[self.db].cursor() as cursor:
            cursor.execute(sql, wanted)
            rows = cursor.fetchall()
        if not coverage:
            return list(map(WrittenCandle._make, rows))
        return [
            WrittenCandle._make(row[:COLUMNS])._replace(coverage=covered(*row[COLUMNS:]))
            for row in rows
        ]


def reading(interval: Interval) -> LiteralString:
    """The statement that reads candles of an interval."""
    if interval.length == MINUTE:
        return MINUTES
    return FOLD if interval.source else SECONDS


def covered(
    now: datetime,
    newest: datetime | None,
    began: datetime | None,
    watermark: datetime | None,
    starts: datetime,
    ends: datetime,
    gaps: list[str],
    torn: datetime | None,
) -> Coverage:
    """The coverage of a candle, from what its row says about the tape around it."""
    known = KnownTape(newest, watermark, touching(gaps), torn)
    return known.of_interval(starts, ends - starts, began, now)


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
