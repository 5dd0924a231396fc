"""The symbols that are recorded, whether somebody is recording them now, and how their tape is."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from django.db import models
from django.db.models import ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from ..sql import statement

# A recorder writes its heartbeat every second. A feed that has been silent for longer than this is not live.
HEARTBEAT_COUNTS_FOR = timedelta(seconds=5)

STATE = statement("read/state")

HUNDREDTH = Decimal("0.01")


def heard_lately() -> Q:
    """The feed is live. A heartbeat from the future, which a clock that was set back leaves behind, does not count."""
    return Q(
        heard_at__isnull=False,
        heard_at__gt=Now() - HEARTBEAT_COUNTS_FOR,
        heard_at__lt=Now() + HEARTBEAT_COUNTS_FOR,
    )


def percent(before: Decimal, after: Decimal) -> Decimal:
    """How much a price has changed, in percent, to two decimals, ties to the even one (ROUND_HALF_EVEN).

    Of two prices of 18 digits, 28 digits of the quotient are enough to tell on which side of a tie it is.
    """
    change = (after - before) * 100 / before
    # Less than nothing, rounded, is nothing: without a sign.
    return change.quantize(HUNDREDTH, ROUND_HALF_EVEN) + 0


class SymbolQuerySet(QuerySet["Symbol"]):
    def with_feed(self) -> "SymbolQuerySet":
        """Add `live`: a recorder has vouched for the symbol within the last seconds."""
        live = ExpressionWrapper(heard_lately(), models.BooleanField())
        return self.annotate(live=live)  # type: ignore[no-redef] # declared below, for its readers

    def with_state(self, names: Collection[str] | None = None) -> "list[Symbol]":
        """All symbols, or some, by name, each with the state of its tape. One query.

        Added are `live` as above; `price` and `traded`, the newest tick's; `price_day_before`, 24 hours before that instant,
        None when the tape does not reach back so far, or an open gap hides it; `open_gaps`, how many there are; `down_since`,
        the last instant of which the feed told, None when it is live or never told; and, None when it is not live, `lag_seconds` and `ticks_per_second`, over the last ten seconds of the tape.
        """
        wanted = {
            "names": None if names is None else list(names),
            "counts_for": HEARTBEAT_COUNTS_FOR,
        }
        return list(self.raw(STATE, wanted))

    def names(self) -> list[str]:
        return list(self.values_list("name", flat=True))


class Symbol(models.Model):
    """A market, such as BTCUSDT: a small number inside, text at every edge.

    `heard_through` and `heard_at` are the recorder's heartbeat. The first is on the exchange's clock: every trade made
    before it is on the tape. The second is on the database's clock: when that was written; empty when
    the recorder has said that its connection is down.

    `lag` comes with it: from a trade to its commit, of the newest commit, by the recorder's clock against the exchange's.
    Where these differ, or a recording is replayed, so does the lag: it may be negative, or years.
    """

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=50, unique=True)
    heard_through = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    lag = models.DurationField(null=True)
    # Its ticks with lower trade ids were pruned, and the last of these by time; null when none ever was.
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
        """The change in percent over the 24 hours before the newest tick, of a symbol that came with its state."""
        before, now = self.price_day_before, self.price
        return None if before is None or now is None else percent(before, now)
