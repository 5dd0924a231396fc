"""Whether the first trade that REST returns of a time is really the first one made then.

REST was seen to return no trades from before some time, without saying so. Its klines go back
further, and count their trades.
"""

from ..exchange import klines
from ..exchange.agg_trades import AggTradeRow, AggTrades
from ..exchange.event_times import MINUTE
from ..exchange.messages import micros
from ..exchange.rest import Rest


def is_first(rest: Rest, trades: AggTrades, start: int, row: AggTradeRow) -> bool:
    """Whether the klines show no trade from an instant to a row, the first since then.

    start: in microseconds since 1970. Raises what `Rest.get` raises.
    """
    traded = micros(row.traded) // MINUTE * MINUTE
    opened = klines.ask(rest, trades.symbol, start // MINUTE * MINUTE, traded + MINUTE)
    if not opened or micros(opened[-1].opens) != traded:
        # A page of quiet minutes, or none of the row's own: that proves nothing.
        return False
    if any(kline.trades for kline in opened[:-1]):
        return False
    return opened[-1].trades == _trades_of_minute(trades, traded, row)


def _trades_of_minute(trades: AggTrades, minute: int, row: AggTradeRow) -> int:
    """How many trades there are from a row on to the end of its minute."""
    later = trades.since(minute + MINUTE)
    if later.first is not None:
        return later.first - row.first
    return trades.newest().last + 1 - row.first
