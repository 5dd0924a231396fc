"""Reads single ticks from the tape, as the exchange would have sent them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.messages import AggTrade, micros
from ..sql import statement
from .tape import Tape
from .trade_times import since_1970

ONLY = statement("read/only_tick")

# Maximum number of ticks at the end of a tape that are compared with the exchange.
MOST = 10

# Ticks from the future do not count: older versions stored them without checking their times.
NEWEST = """
SELECT first_trade, trades, price, quantity, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s AND timestamp <= to_timestamp(%(latest)s)
ORDER BY first_trade DESC LIMIT %(limit)s
"""

STORED = """
SELECT price, quantity, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s AND first_trade = %(first)s
"""

# Microseconds: the unit of some streams.
MILLISECOND = 1_000


def ticks_of(symbol: str, rows: Sequence[tuple[Any, ...]]) -> list[AggTrade]:
    """Ticks from rows of first trade id, number of trades, price, quantity and instant."""
    return [
        AggTrade(symbol, first, first + trades - 1, str(price), str(quantity), traded, traded)
        for first, trades, price, quantity, traded in (
            (*row[:4], since_1970(row[4])) for row in rows
        )
    ]


def only_tick(tape: Tape, symbol: str) -> AggTrade | None:
    """The only tick of a tape; None when there is none, or more, or some were pruned."""
    rows = tape.database.execute(ONLY, {"symbol": tape.numbers[symbol]}).fetchall()
    return ticks_of(symbol, rows)[0] if rows else None


def newest_ticks(tape: Tape, symbol: str, now: float) -> list[AggTrade]:
    """The newest ticks of a symbol, in order of trade id. `now`: seconds since 1970."""
    number = tape.numbers[symbol]
    wanted = {
        "symbol": number,
        "latest": now + AHEAD_OF_OURS / 1_000_000,
        "limit": MOST,
    }
    rows = tape.database.execute(NEWEST, wanted).fetchall()
    return ticks_of(symbol, rows[::-1])


def is_stored(tape: Tape, tick: AggTrade) -> bool:
    """Whether the tape has the same tick: then both are of one exchange."""
    wanted = {"symbol": tape.numbers[tick.symbol], "first": tick.first}
    found = tape.database.execute(STORED, wanted)
    row = found.fetchone()
    return (
        row is not None
        and row[:2] == (Decimal(tick.price), Decimal(tick.quantity))
        and since_1970(row[2]) // MILLISECOND == micros(tick.traded) // MILLISECOND
    )
