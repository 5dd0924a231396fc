"""The gap ledger: trades that are known to be missing on the tape."""

from datetime import datetime

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Now

from ..coverage import OPEN
from .symbol import Symbol


class Instants(Func):
    """The time from one instant to another, both included, as a range of PostgreSQL."""

    function = "tstzrange"
    output_field = DateTimeRangeField()

    def __init__(self, start: object, end: object) -> None:
        super().__init__(start, end, Value("[]"))


class GapQuerySet(QuerySet["Gap"]):
    def touching(self, start: datetime, end: datetime) -> "GapQuerySet":
        """Gaps that may contain a trade made between two instants, both included."""
        return self.alias(instants=Instants("starts", "ends")).filter(
            instants__overlap=Instants(start, end)
        )


class Gap(models.Model):
    """Raw trades that exist on the exchange and are missing on the tape.

    Their ids are `first_trade` to `last_trade`, both missing. They were made between `starts` and
    `ends`, both included: the instants of the last tick before the gap and the first one after it.

    These columns say what is missing now: an open gap that is partly filled shrinks or splits. Then
    `found_…` keep what was missing when the gap was found, and are put back when it is closed. So
    every trade that was ever missing is in exactly one row: open, repaired or void.
    """

    class Status(models.TextChoices):
        OPEN = OPEN
        REPAIRED = "repaired"
        # The exchange has proven that there are no trades with these ids.
        VOID = "void"

    class Source(models.TextChoices):
        STREAM = "stream"
        REST = "rest"
        ARCHIVE = "archive"

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
            # Which gaps touch an answer?
            GistIndex(Instants("starts", "ends"), name="gap_instants"),
            # Which open gaps may a batch fill?
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
