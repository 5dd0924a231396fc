"""Single trades, made of the aggTrades that hold them.

An aggTrade says which trades it holds, their price and the sum of their quantities, but not each
one's share: so they share equally, and the last one takes the remainder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .candles import UNIT, decimal, units
from .ledger import Market, Tick


@dataclass(frozen=True, slots=True)
class Trade:
    id: int
    price: str
    quantity: str
    quote: str
    time: int  # µs
    buyer_maker: bool
    best_match: bool


def newest_trades(market: Market, now: int, limit: int) -> list[Trade]:
    """The last trades up to this instant, oldest first."""
    count = market.count_until(now)
    # No aggTrade holds less than one trade.
    ticks = list(market.ticks(max(0, count - limit), count))
    newest_first = (trade for tick in reversed(ticks) for trade in _backwards(tick))
    return list(islice(newest_first, limit))[::-1]


def _backwards(tick: Tick) -> Iterator[Trade]:
    price = units(tick.price)
    trades = tick.last_id - tick.first_id + 1
    share, rest = divmod(units(tick.quantity), trades)
    for trade_id in range(tick.last_id, tick.first_id - 1, -1):
        quantity = share + rest if trade_id == tick.last_id else share
        yield Trade(
            trade_id,
            tick.price,
            decimal(quantity),
            decimal(price * quantity // UNIT),
            tick.time,
            tick.buyer_maker,
            tick.best_match,
        )
