"""The ticks as SQL users, the list of the API and the admin see them."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q, QuerySet

from .price import Price
from .symbol import Symbol

# The low bits of an id are the first trade id, the high bits the number of the symbol.
ID_BITS = 44

# Rows of one symbol that are read at once, at least: with hundreds of symbols few of each are used.
LEAST_READ = 20

BEGINNING = datetime.min.replace(tzinfo=UTC)


class TickQuerySet(QuerySet["Tick"]):
    def numbered(self, number: int, first_trade: int) -> "TickQuerySet":
        """The tick of a symbol, by its number, that begins with a trade; or none."""
        names = Symbol.objects.filter(pk=number).values_list("name", flat=True)
        return self.filter(symbol__in=list(names), first_trade=first_trade)


class Tick(models.Model):
    """A row of the SQL view `prices`: a `Price` with its symbol as text and a key of one column.

    SQL users rely on the view, and the admin accepts no composite primary key. It is fast by symbol
    and time, newest first: each symbol has a branch, joined by UNION ALL; PostgreSQL drops those
    that were not asked for and reads the others by the index. `migrate` makes the branches, for
    the symbols that are registered and those that are recorded next. Others share a branch, in
    which the newest ticks have to be sorted (`prices_view_refresh`, migration 0021).
    """

    id = models.BigIntegerField(primary_key=True)
    symbol = models.TextField()
    price = models.DecimalField(max_digits=18, decimal_places=8)
    timestamp = models.DateTimeField()
    quantity = models.DecimalField(max_digits=28, decimal_places=8)
    trades = models.IntegerField()
    first_trade = models.BigIntegerField()
    is_buyer_maker = models.BooleanField(null=True)

    objects = TickQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "prices"

    def __str__(self) -> str:
        return f"{self.symbol} {self.first_trade} {self.price} at {self.timestamp.isoformat()}"


class TickRow(NamedTuple):
    """A `Tick` to be written out: to set up an instance of a model takes ten times as long."""

    timestamp: datetime
    pk: int
    symbol: str
    price: Decimal
    quantity: Decimal
    first_trade: int
    trades: int
    is_buyer_maker: bool | None


COLUMNS = ("timestamp", "first_trade", "price", "quantity", "trades", "is_buyer_maker")


@dataclass(frozen=True)
class TickRange:
    """Ticks of some symbols, names by number, made at or after `start` and before `end`.

    `rows`: the same ticks in the view, which reads them newest first alone: in the other order it
    would sort the whole tape.
    """

    rows: QuerySet[Tick]
    symbols: Mapping[int, str]
    start: datetime | None = None
    end: datetime | None = None

    def oldest_first(
        self, size: int, key: int = -1, instant: datetime | None = None
    ) -> Iterator[TickRow]:
        """By (timestamp, id), read `size` at a time; with a position, those after it.

        Each query is of one symbol, by its index; the symbols are merged here.
        """
        size = max(LEAST_READ, size // max(1, len(self.symbols)))
        instant = instant or self.start or BEGINNING
        each = (self._of_symbol(number, size, key, instant) for number in self.symbols)
        # As tuples: no two have the same instant and key.
        return heapq.merge(*each)

    def _of_symbol(self, number: int, size: int, key: int, instant: datetime) -> Iterator[TickRow]:
        ticks = Price.objects.filter(symbol_id=number)
        if self.end:
            ticks = ticks.filter(timestamp__lt=self.end)
        name, high = self.symbols[number], number << ID_BITS
        first_trade = key - high
        while True:
            found = list(self._after(ticks, first_trade, instant)[:size])
            for when, first, price, quantity, trades, side in found:
                yield TickRow(when, high | first, name, price, quantity, first, trades, side)
            if len(found) < size:
                return
            instant, first_trade, *_ = found[-1]

    def _after(self, ticks: QuerySet[Price], first_trade: int, instant: datetime) -> QuerySet[Any]:
        # The first condition is for the index; the second orders the ticks of one instant.
        ticks = ticks.filter(timestamp__gte=instant)
        ticks = ticks.filter(Q(timestamp__gt=instant) | Q(first_trade__gt=first_trade))
        return ticks.order_by("timestamp", "first_trade").values_list(*COLUMNS)
