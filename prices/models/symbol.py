"""The recorded symbols, and the state of the feed and the tape of each."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from django.db import models
from django.db.models import ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from ..sql import statement

# A recorder writes its heartbeat every second. A feed is live while its heartbeat is younger.
HEARTBEAT_COUNTS_FOR = timedelta(seconds=5)

STATE = statement("read/state")

HUNDREDTH = Decimal("0.01")


def heard_lately() -> Q:
    """The feed is live.

    A heartbeat from the future, left behind by a clock that was set back, does not count.
    """
    return Q(
        heard_at__isnull=False,
        heard_at__gt=Now() - HEARTBEAT_COUNTS_FOR,
        heard_at__lt=Now() + HEARTBEAT_COUNTS_FOR,
    )


def percent(before: Decimal, after: Decimal) -> Decimal:
    """The change of a price in percent, to two decimals, ties to even (ROUND_HALF_EVEN).

    For two prices of 18 digits, 28 digits of the quotient show on which side of a tie it is.
    """
    change = (after - before) * 100 / before
    # -0 becomes 0.
    return change.quantize(HUNDREDTH, ROUND_HALF_EVEN) + 0


class SymbolQuerySet(QuerySet["Symbol"]):
    def with_feed(self) -> "SymbolQuerySet":
        """Add `live`: the symbol has had a heartbeat within the last seconds."""
        live = ExpressionWrapper(heard_lately(), models.BooleanField())
        return self.annotate(live=live)  # type: ignore[no-redef] # declared below, for its readers

    def with_state(self, names: Collection[str] | None = None) -> "list[Symbol]":
        """All symbols, or some by name, each with the state of its feed and tape. One query.

        Added attributes:

        - `live`: as in `with_feed`.
        - `price`, `traded`: of the newest tick, and when it was traded; None without any.
        - `price_day_before`: as of 24 hours earlier; None when the tape does not reach back so far,
          or an open gap may hide it.
        - `open_gaps`: how many gaps are open.
        - `down_since`: the last instant that the feed covered; None when it is live or never was.
        - `lag_seconds`; `ticks_per_second`, over the last ten seconds of the tape. None when not
          live.
        """
        wanted = {
            "names": None if names is None else list(names),
            "counts_for": HEARTBEAT_COUNTS_FOR,
        }
        return list(self.raw(STATE, wanted))

    def names(self) -> list[str]:
        return list(self.values_list("name", flat=True))


class Symbol(models.Model):
    """A symbol such as BTCUSDT: a small integer inside the database, text at every edge.

    `heard_through` and `heard_at` are the recorder's heartbeat. `heard_through` is the watermark,
    on the exchange's clock: every trade made before it is on the tape or in a gap. `heard_at` is
    when that was written, on the database's clock; NULL after the recorder reported that its
    connection was lost.

    `lag` comes with it: from trade to commit, of the newest commit, by the recorder's clock minus
    the exchange's. When the two clocks differ or a recording is replayed, it may be negative, or
    years.
    """

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=50, unique=True)
    heard_through = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    lag = models.DurationField(null=True)
    # Ticks with lower trade ids were pruned; the newest of them was traded at `pruned_through`.
    # NULL: nothing was pruned.
    kept_from = models.BigIntegerField(null=True)
    pruned_through = models.DateTimeField(null=True)

    # What `with_feed` adds.
    live: bool
    # And what `with_state` adds.
    price: Decimal | None
    traded: datetime | None
    price_day_before: Decimal | None
    open_gaps: int
    down_since: datetime | None
    lag_seconds: Decimal | None
    ticks_per_second: Decimal | None

    objects = SymbolQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def change_24h(self) -> Decimal | None:
        """In percent, over the 24 hours before the newest tick. Needs `with_state`."""
        before, now = self.price_day_before, self.price
        return None if before is None or now is None else percent(before, now)
