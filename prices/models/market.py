"""The market of the tape."""

from django.db import models
from django.db.models import Q


class Market(models.Model):
    """The only row names the market that the tape was recorded from. No row: there is no tape.

    Binance.US and the testnet trade the same symbols at other prices and under other trade ids. On
    a tape of two markets nobody could tell one from the other.
    """

    id = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=50)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="market_is_one"),)

    def __str__(self) -> str:
        return self.name
