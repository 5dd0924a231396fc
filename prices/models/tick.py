"""The ticks as SQL users, the list of the API and the admin see them."""

from django.db import models
from django.db.models import QuerySet

from .symbol import Symbol

# The low bits of an id are the first trade id, the high bits the number of the symbol.
ID_BITS = 44


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
