"""The tape as SQL users see it."""

from datetime import datetime

from django.db import models
from django.db.models import QuerySet

from .symbol import Symbol

# An id is the number of the symbol, and then, in so many bits, the first trade id.
ID_BITS = 44


class TickQuerySet(QuerySet["Tick"]):
    def numbered(self, number: int, first_trade: int) -> "TickQuerySet":
        """The tick of a symbol, by number, that begins with a trade; or none."""
        names = Symbol.objects.filter(pk=number).values_list("name", flat=True)
        return self.filter(symbol__in=list(names), first_trade=first_trade)

    def between(
        self, name: str | None, start: datetime | None, end: datetime | None
    ) -> "TickQuerySet":
        """Ticks at or after `start` and before `end`; None: no such bound, or all symbols."""
        bounds = {"symbol": name, "timestamp__gte": start, "timestamp__lt": end}
        return self.filter(**{field: bound for field, bound in bounds.items() if bound is not None})


class Tick(models.Model):
    """The SQL view `prices`: ticks with the symbol as text, fast by symbol and time, newest first.

    Each symbol has a branch, joined by UNION ALL: PostgreSQL drops those that were not asked for and
    reads the others by the index. Symbols that came after the view was last refreshed share a
    branch, in which the newest ticks have to be sorted (`prices_view_refresh`, migration 0008).
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
