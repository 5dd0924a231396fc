"""Which market the tape is of."""

from django.db import models
from django.db.models import Q


class Market(models.Model):
    """The one row that names the tape's market, once somebody has recorded.

    Binance.US and the testnet trade the same symbols at other prices and under other trade ids: of
    two markets on one tape neither could be told from the other any more.
    """

    id = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=50)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="market_is_one"),)

    def __str__(self) -> str:
        return self.name
