"""How far apart two trade ids of one symbol can be: by the pace of its tape."""

from datetime import timedelta

from .tape import Tape
from .trade_times import since_1970

# Trades that may lie between two ticks, either way, without a question. To repair a gap that is
# larger takes more than one page of REST: one request more is no matter.
FAR = 1_000

# A larger jump ahead is still plausible at so many times the symbol's own pace: a minute of the
# recordings at hand has up to 2.5 times the trades of the mean one, one of a crash more.
FASTER = 20

# Microseconds of the tape that the pace is taken from, and those of absence that it is believed for:
# after a longer one a request is no matter either, and by then many ids would be plausible.
PACE_OVER = 3_600_000_000
PACE_SPAN = timedelta(microseconds=PACE_OVER)

# Microseconds that the pace is taken over at least: some ticks of one order are no pace.
PACE_OVER_AT_LEAST = 60_000_000

# The first trade in the last part of a tape, and when it was made.
BEGINS = """
SELECT first_trade, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s AND timestamp >= %(since)s
ORDER BY timestamp, first_trade LIMIT 1
"""


def is_far(ahead: int, pace: float, elapsed: int) -> bool:
    """Whether a trade id lies further from the newest one than can be explained.

    `ahead`: by how many ids, below 0 when it is behind. `pace`: ids a microsecond, as the tape
    shows. `elapsed`: microseconds between the two trades.
    """
    explained = FASTER * pace * max(0, min(elapsed, PACE_OVER)) if ahead > 0 else 0
    return abs(ahead) > max(FAR, explained)


def pace_of(tape: Tape, symbol: str) -> float:
    """Trade ids a microsecond in the last hour of a symbol's tape; 0 without one."""
    newest = tape.newest(symbol)
    if newest is None:
        return 0.0
    number = tape.numbers[symbol]
    ends = since_1970(newest.traded)
    since = newest.traded - PACE_SPAN
    bounds = {"symbol": number, "since": since}
    found = tape.database.execute(BEGINS, bounds).fetchone()
    if found is None:
        return 0.0
    first, began = found
    span = max(ends - since_1970(began), PACE_OVER_AT_LEAST)
    return max(0.0, float(newest.last - first) / span)
