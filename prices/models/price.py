"""The stored ticks."""

from django.db import models

from .symbol import Symbol


class Price(models.Model):
    """A stored tick: the fills of one order at one price and one instant, as Binance aggregates them.

    A tick costs some 126 bytes, whether of two symbols or of forty: 68 the row, 28 either index. Why these keys and no others:

    - The identity is (symbol, first raw trade id): storing a tick again is a key conflict, and the neighbour by key is the
      neighbour by trade id, which is how gaps are seen.
    - (symbol, timestamp) answers the price at an instant and the latest price by one descent. Ties of one instant are
      settled by an incremental sort on the trade id; the price is not in the index, as one row is read.
    - Either begins with the symbol: the table can be partitioned and distributed by it.
    - No foreign key constraint: it would look the symbol up once more for every tick. Nothing deletes symbols.

    Columns of fixed width come first, the widest first, so that hardly a byte is lost on alignment.
    """

    pk = models.CompositePrimaryKey("symbol_id", "first_trade")
    timestamp = models.DateTimeField()
    first_trade = models.BigIntegerField()
    trades = models.IntegerField(help_text="How many raw trades the tick holds.")
    symbol = models.ForeignKey(
        Symbol, models.PROTECT, db_constraint=False, db_index=False, related_name="prices"
    )
    # The seller was the taker. NULL: not known, of ticks that were stored without it.
    is_buyer_maker = models.BooleanField(null=True)
    price = models.DecimalField(max_digits=18, decimal_places=8)
    # Wider than the price: cheap coins trade by the billion.
    quantity = models.DecimalField(max_digits=28, decimal_places=8)

    class Meta:
        indexes = (models.Index(fields=("symbol", "timestamp"), name="price_symbol_timestamp"),)

    def __str__(self) -> str:
        return f"{self.first_trade} {self.price} at {self.timestamp.isoformat()}"

    @property
    def last_trade(self) -> int:
        return self.first_trade + self.trades - 1
