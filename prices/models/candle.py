"""The minute candles, and the question that they answer."""

from datetime import datetime

from django.db import models
from django.db.models import QuerySet

from ..keys import EPOCH, MASK, MINUTE, minute_number
from .symbol import Symbol


class CandleQuerySet(QuerySet):
    def minute(self, name: str, start: datetime) -> "Candle | None":
        """The candle of a symbol for the minute that starts at an instant; None when nothing was traded in it."""
        return self.filter(pk=Symbol.objects.key(name, minute_number(start))).first()

    def between(self, name: str, start: datetime | None, end: datetime | None) -> "CandleQuerySet":
        """The candles of a symbol whose minutes start at or after `start` and before `end`."""
        first = first_minute_from(start) if start else 0
        stop = first_minute_from(end) if end else MASK
        return self.filter(
            pk__gte=Symbol.objects.key(name, first), pk__lt=Symbol.objects.key(name, stop)
        )


def first_minute_from(instant: datetime) -> int:
    """The number of the first minute that starts at or after an instant; 0 for instants before 1970."""
    return max(0, -((EPOCH - instant) // MINUTE))


class Candle(models.Model):
    """One minute of one symbol, half-open, kept up to date in the statement that stores its ticks.

    Open and close go by trade id, not by arrival: `first_trade` and `last_trade` say whose they are. `trades` against
    those two ids shows whether the minute is whole. A minute in which nothing was traded has no row.
    """

    # `prices.keys`: symbol and minute in one bigint, so that rewriting a candle touches one index.
    id = models.BigIntegerField(primary_key=True)
    minute = models.DateTimeField()
    first_trade = models.BigIntegerField()
    last_trade = models.BigIntegerField()
    trades = models.IntegerField()
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="candles"
    )
    open = models.DecimalField(max_digits=18, decimal_places=8)
    high = models.DecimalField(max_digits=18, decimal_places=8)
    low = models.DecimalField(max_digits=18, decimal_places=8)
    close = models.DecimalField(max_digits=18, decimal_places=8)
    volume = models.DecimalField(max_digits=28, decimal_places=8)

    objects = CandleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.minute.isoformat()} {self.low} - {self.high}"
