"""A candle as it is sent."""

from typing import NamedTuple

from ..coverage import Coverage


class WrittenCandle(NamedTuple):
    """A candle of any interval as lists and live push send it: there are hundreds on a page.

    The database writes its values: instants and decimals are made of text and would become text
    again, which takes longer than the query.

    second: when it begins, in seconds since 1970; `minute` is the same in ISO 8601, with Z.
    open … taker_buy_quote_volume: exact decimals without trailing zeros; None: not known.
    coverage: None unless it was asked for.
    """

    symbol: str
    second: int
    minute: str
    first_trade: int
    last_trade: int
    trades: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    taker_buy_volume: str | None
    taker_buy_quote_volume: str | None
    coverage: Coverage | None = None
