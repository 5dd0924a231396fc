"""What is kept: symbols, ticks, minute candles and gaps. All times are the exchange's, UTC, to the microsecond."""

from .candle import Candle
from .candle_row import CandleRow
from .counter import Counter
from .gap import Gap
from .market import Market
from .price import Price
from .symbol import Symbol
from .tick import Tick

__all__ = ["Candle", "CandleRow", "Counter", "Gap", "Market", "Price", "Symbol", "Tick"]
