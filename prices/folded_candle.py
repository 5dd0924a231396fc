"""A candle that is no row of the tape."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class FoldedCandle(NamedTuple):
    """What ticks or minutes make, folded; `minute` is when the interval begins.

    Stored candles of minutes are `models.Candle`. This one is for candles of which there is no row:
    those of wider intervals, and those that an audit makes of the ticks to compare. It is cheap,
    because a page has hundreds of them: to set up an instance of a model takes 40 times as long,
    and for 500 candles longer than the query. What is not known is None.
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
