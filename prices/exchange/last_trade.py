"""The last trade of a symbol and the exchange's time, from REST."""

from dataclasses import dataclass

import msgspec
from msgspec import Struct, field

from .messages import Time, TradeId, micros
from .rest import Rest
from .rest_errors import NO_JSON, Unanswered

# Request weights.
TRADES_WEIGHT = 25
TIME_WEIGHT = 1


class Trade(Struct, frozen=True):
    id: TradeId
    time: Time


class ServerTime(Struct, frozen=True):
    now: Time = field(name="serverTime")


@dataclass(frozen=True)
class LastTrade:
    """The newest trade of a symbol. Times are in microseconds since 1970.

    last: its trade id; -1 when there is none.
    traded: its trade time; 0 when there is none.
    now: the exchange's clock.
    """

    last: int
    traded: int
    now: int


def look(rest: Rest, symbol: str) -> LastTrade:
    """Request the newest trade, which REST serves from memory, while past aggTrades may lag.

    Raises what `Rest.get` raises.
    """
    trades = rest.get("trades", TRADES_WEIGHT, symbol=symbol, limit=1)
    time = rest.get("time", TIME_WEIGHT)
    try:
        found = msgspec.json.decode(trades, type=list[Trade])
        now = msgspec.json.decode(time, type=ServerTime).now
    except NO_JSON as error:
        raise Unanswered(f"The exchange sent invalid trades: {error}.") from error
    last = max(found, key=lambda trade: trade.id, default=Trade(-1, 0))
    return LastTrade(last.id, micros(last.time), micros(now))
