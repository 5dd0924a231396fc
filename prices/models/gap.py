"""The gap ledger: which trades the tape knows that it does not hold."""

from datetime import datetime

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Now

from ..coverage import OPEN
from .symbol import Symbol


class Instants(Func):
    """Two instants and all between them, both included, as PostgreSQL's range type."""

    function = "tstzrange"
    output_field = DateTimeRangeField()

    def __init__(self, start: object, end: object) -> None:
        super().__init__(start, end, Value("[]"))


class GapQuerySet(QuerySet["Gap"]):
    def touching(self, start: datetime, end: datetime) -> "GapQuerySet":
        """Gaps that may hide a trade made between two instants, both included."""
        return self.alias(instants=Instants("starts", "ends")).filter(
            instants__overlap=Instants(start, end)
        )

    def between(
        self, name: str | None, start: datetime | None, end: datetime | None
    ) -> "GapQuerySet":
        """Gaps that touch a range of instants; None: no such bound, or all symbols."""
        bounds = {"symbol__name": name, "ends__gte": start, "starts__lt": end}
        return self.filter(**{field: bound for field, bound in bounds.items() if bound is not None})


class Gap(models.Model):
    """Raw trades that the exchange made and the tape does not hold: ids `first_trade` to `last_trade`, both missing.

    They were made between `starts` and `ends`, both included: the instants of the last tick before and the first after.

    While it is open, that is what is missing now: a gap that is partly filled shrinks or splits. `found_…` then keep what was
    missing when it was found, and come back in their places when it is closed. So each trade that was ever missed is
    in one row: in an open one, in one that was repaired, or in one that is void.
    """

    class Status(models.TextChoices):
        OPEN = OPEN
        REPAIRED = "repaired"
        # The exchange has proven that no trade bears these ids.
        VOID = "void"

    class Source(models.TextChoices):
        STREAM = "stream"
        REST = "rest"

    symbol = models.ForeignKey(Symbol, models.PROTECT, db_index=False, related_name="gaps")
    first_trade = models.BigIntegerField()
    last_trade = models.BigIntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(
        db_default=0, help_text="How often the exchange was asked for these trades."
    )
    last_error = models.TextField(null=True)
    source = models.CharField(
        max_length=8, choices=Source, null=True, help_text="Where what filled it came from."
    )
    ticks = models.IntegerField(db_default=0, help_text="How many ticks have filled it so far.")
    found_first = models.BigIntegerField(null=True)
    found_last = models.BigIntegerField(null=True)
    found_starts = models.DateTimeField(null=True)
    found_ends = models.DateTimeField(null=True)

    objects = GapQuerySet.as_manager()

    class Meta:
        indexes = (
            # Which gaps touch what was asked?
            GistIndex(Instants("starts", "ends"), name="gap_instants"),
            # Which gaps may these ticks fill?
            models.Index("symbol", "last_trade", condition=Q(status="open"), name="gap_open"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(first_trade__lte=F("last_trade")), name="gap_trades_in_order"
            ),
            models.CheckConstraint(
                condition=Q(starts__lte=F("ends")), name="gap_instants_in_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.first_trade}-{self.last_trade} {self.status}"
