"""The symbols that are recorded, and whether somebody is recording them now."""

from datetime import timedelta

from django.db import models
from django.db.models import ExpressionWrapper, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Now

from ..keys import SHIFT

# A recorder writes its heartbeat every second. A feed that has been silent for longer than this is not live.
HEARTBEAT_COUNTS_FOR = timedelta(seconds=5)


def heard_lately(symbol: str = "") -> Q:
    """The feed is live; `symbol` is the path to the symbol in the query, as in "symbol__"."""
    return Q(
        **{
            f"{symbol}heard_at__isnull": False,
            f"{symbol}heard_at__gt": Now() - HEARTBEAT_COUNTS_FOR,
        }
    )


class SymbolQuerySet(QuerySet):
    def with_feed(self) -> "SymbolQuerySet":
        """Add `live`: a recorder has vouched for the symbol within the last seconds."""
        return self.annotate(live=ExpressionWrapper(heard_lately(), models.BooleanField()))

    def key(self, name: str, n: int) -> Subquery:
        """The tape key (`prices.keys`) of a symbol's trade or minute n, as part of a larger query."""
        key = Cast("pk", models.BigIntegerField()).bitleftshift(SHIFT).bitor(n)
        return Subquery(self.filter(name=name).values(key=key))

    def names(self) -> list[str]:
        return list(self.values_list("name", flat=True))


class Symbol(models.Model):
    """A market, such as BTCUSDT: a small number inside, text at every edge.

    `heard_through` and `heard_at` are the recorder's heartbeat. The first is on the exchange's clock: every trade made
    before it is on the tape. The second is on the database's clock: when that was written; empty when
    the recorder has said that its connection is down.
    """

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=50, unique=True)
    heard_through = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)

    objects = SymbolQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
