"""The stored ticks, and the two questions that they answer."""

from collections.abc import Collection
from datetime import datetime

from django.db import models
from django.db.models import ExpressionWrapper, OuterRef, QuerySet, Subquery

from ..keys import trade_of
from .symbol import Symbol, heard_lately


class PriceQuerySet(QuerySet):
    def newest_first(self) -> "PriceQuerySet":
        """By time; of the ticks of one instant the one with the highest trade id is the last."""
        return self.order_by("-timestamp", "-id")

    def as_of(self, symbol: "int | OuterRef", instant: datetime) -> "PriceQuerySet":
        """The ticks of a symbol, by number, at or before an instant: the first of them is the price at that instant."""
        return self.filter(symbol=symbol, timestamp__lte=instant).newest_first()

    def latest(self, names: Collection[str] | None = None) -> "PriceQuerySet":
        """The newest tick of all symbols, or of some, by symbol; with `symbol` loaded and its feed's `live` added."""
        symbols = Symbol.objects.all() if names is None else Symbol.objects.filter(name__in=names)
        newest = Price.objects.filter(symbol=OuterRef("pk")).newest_first().values("pk")[:1]
        return (
            self.filter(pk__in=symbols.order_by().values_list(Subquery(newest)))
            .select_related("symbol")
            .annotate(live=ExpressionWrapper(heard_lately("symbol__"), models.BooleanField()))
            .order_by("symbol__name")
        )


class Price(models.Model):
    """A stored tick: the fills of one order at one price and one instant, as Binance aggregates them.

    A tick costs 137 bytes, measured on 750,000 of two symbols: 68 the row, 33 the primary key, 35 the index. Why these keys and
    no others:

    - The primary key is the identity (symbol, first raw trade id) in one bigint (`prices.keys`): storing a tick again is
      a key conflict, and the neighbour by key is the neighbour by trade id, which is how gaps are seen.
    - (symbol, timestamp) answers the price at an instant and the latest price by one descent. Ties of one instant are
      settled by an incremental sort on the key; the price is not in the index, as one row is read.
    - No foreign key constraint: it would look the symbol up once more for every tick. Nothing deletes symbols.

    Fields stand in the order that wastes no byte on alignment.
    """

    id = models.BigIntegerField(primary_key=True)
    timestamp = models.DateTimeField()
    trades = models.IntegerField(help_text="How many raw trades the tick holds.")
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="prices"
    )
    price = models.DecimalField(max_digits=18, decimal_places=8)
    # Wider than the price: cheap coins trade by the billion.
    quantity = models.DecimalField(max_digits=28, decimal_places=8)

    objects = PriceQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("symbol", "timestamp"), name="price_symbol_timestamp"),)

    def __str__(self) -> str:
        return f"{self.first_trade} {self.price} at {self.timestamp.isoformat()}"

    @property
    def first_trade(self) -> int:
        return trade_of(self.id)

    @property
    def last_trade(self) -> int:
        return self.first_trade + self.trades - 1
