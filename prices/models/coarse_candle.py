"""Stored candles that are longer than a minute."""

from django.db import models

from .candle import CandleColumns
from .symbol import Symbol


class CoarseCandle(CandleColumns):
    """A closed interval of one symbol, folded from its minutes in the transaction of the ticks.

    `minutes` is how long it is, one of `candle_intervals.KEPT`; `minute` is when it begins. Closed
    are those that end before the newest minute of the symbol. The running one has no row: it would
    be rewritten with every batch, and whoever reads folds it from a few rows. What trades of the
    past change, late ticks or repair, is folded again.
    """

    pk = models.CompositePrimaryKey("symbol_id", "minutes", "minute")
    trades = models.BigIntegerField()
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="coarse_candles"
    )
    minutes = models.SmallIntegerField()
    volume = models.DecimalField(max_digits=32, decimal_places=8)
    quote_volume = models.DecimalField(max_digits=50, decimal_places=16, null=True)
    taker_buy_volume = models.DecimalField(max_digits=32, decimal_places=8, null=True)
    taker_buy_quote_volume = models.DecimalField(max_digits=50, decimal_places=16, null=True)

    def __str__(self) -> str:
        return f"{self.minute.isoformat()} ({self.minutes} minutes) {self.low} - {self.high}"
