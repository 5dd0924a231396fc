"""What is stored: symbols, ticks, candles, gaps, counters, listings.

All times are the exchange's, in UTC, to the microsecond.
"""

from .candle import Candle
from .candle_row import CandleRow
from .coarse_candle import CoarseCandle
from .counter import Counter
from .gap import Gap
from .listing import Listing
from .market import Market
from .price import Price
from .symbol import Symbol
from .tick import Tick, TickRange

__all__ = [
    "Candle",
    "CandleRow",
    "CoarseCandle",
    "Counter",
    "Gap",
    "Listing",
    "Market",
    "Price",
    "Symbol",
    "Tick",
    "TickRange",
]
