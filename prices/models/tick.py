"""The tape as SQL users see it."""

from datetime import datetime

from django.db import models
from django.db.models import QuerySet


class TickQuerySet(QuerySet):
    def between(
        self, name: str | None, start: datetime | None, end: datetime | None
    ) -> "TickQuerySet":
        """Ticks at or after `start` and before `end`; None: no such bound, or all symbols."""
        bounds = {"symbol": name, "timestamp__gte": start, "timestamp__lt": end}
        return self.filter(**{field: bound for field, bound in bounds.items() if bound is not None})


class Tick(models.Model):
    """The SQL view `prices`: ticks with the symbol as text, fast by symbol and time, newest first.

    It has one branch a symbol, joined by UNION ALL: PostgreSQL drops the branches that were not asked for and reads the one
    that was by its index, or merges all in order of time when no symbol is named. Through a join it would have to sort.
    """

    id = models.BigIntegerField(primary_key=True)
    symbol = models.TextField()
    price = models.DecimalField(max_digits=18, decimal_places=8)
    timestamp = models.DateTimeField()
    quantity = models.DecimalField(max_digits=28, decimal_places=8)
    trades = models.IntegerField()
    first_trade = models.BigIntegerField()

    objects = TickQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "prices"

    def __str__(self) -> str:
        return f"{self.symbol} {self.first_trade} {self.price} at {self.timestamp.isoformat()}"
