"""The candles as the admin browses them."""

from django.db import models


class CandleRow(models.Model):
    """The SQL view `prices_candles`: minute candles with their symbol as text.

    `id` is the symbol and the minute, in words: Django's admin takes no model whose key has two columns. Rows are looked
    up by `number`, the symbol's, and `minute`.
    """

    id = models.TextField(primary_key=True)
    symbol = models.TextField()
    number = models.SmallIntegerField(db_column="symbol_id")
    minute = models.DateTimeField()
    first_trade = models.BigIntegerField()
    last_trade = models.BigIntegerField()
    trades = models.IntegerField()
    open = models.DecimalField(max_digits=18, decimal_places=8)
    high = models.DecimalField(max_digits=18, decimal_places=8)
    low = models.DecimalField(max_digits=18, decimal_places=8)
    close = models.DecimalField(max_digits=18, decimal_places=8)
    volume = models.DecimalField(max_digits=28, decimal_places=8)
    quote_volume = models.DecimalField(max_digits=46, decimal_places=16, null=True)
    taker_buy_volume = models.DecimalField(max_digits=28, decimal_places=8, null=True)
    taker_buy_quote_volume = models.DecimalField(max_digits=46, decimal_places=16, null=True)

    class Meta:
        managed = False
        db_table = "prices_candles"
        verbose_name = "candle"

    def __str__(self) -> str:
        return f"{self.id} {self.low} - {self.high}"
