"""A candle that is no row of the tape."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class FoldedCandle(NamedTuple):
    """What ticks or candles make, folded; `minute` is when the interval begins.

    Stored candles are `models.Candle` and `models.CoarseCandle`. This one is for those that an
    audit makes to compare. What is not known is None.
    """

    symbol: str
    minute: datetime
    first_trade: int
    last_trade: int
    trades: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal | None
    taker_buy_volume: Decimal | None
    taker_buy_quote_volume: Decimal | None
