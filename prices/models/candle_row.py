"""The candles as the admin browses them."""

from django.db import models

from .candle import CandleColumns


class CandleRow(CandleColumns):
    """A row of the SQL view `prices_candles`: a `Candle` with its symbol as text and a text key.

    The admin accepts no composite primary key. `id` is the symbol and the minute; rows are looked
    up by `number`, which is the symbol's, and `minute`, which have an index.
    """

    id = models.TextField(primary_key=True)
    symbol = models.TextField()
    number = models.SmallIntegerField(db_column="symbol_id")

    class Meta:
        managed = False
        db_table = "prices_candles"
        verbose_name = "candle"

    def __str__(self) -> str:
        return f"{self.id} {self.low} - {self.high}"
