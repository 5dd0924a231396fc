"""How far apart two trade ids of one symbol can be: by the pace of its tape."""

from datetime import timedelta

from .tape import Tape
from .trade_times import since_1970

# Trade ids that may lie between two ticks, in either direction, without a check. A larger gap takes
# several pages to repair anyway, so one more request does not matter.
FAR = 1_000

# A larger jump ahead is plausible up to this many times the symbol's own pace: a minute of the
# recordings has up to 2.5 times the mean number of trades, a minute of a crash more.
FASTER = 20

# Microseconds of tape from which the pace is computed. Also the longest absence that it explains:
# after a longer one a request does not matter, and too many ids would be plausible.
PACE_OVER = 3_600_000_000
PACE_SPAN = timedelta(microseconds=PACE_OVER)

# Minimum of these: some ticks of one order are no pace.
PACE_OVER_AT_LEAST = 60_000_000

# The first trade in the last part of a tape, and its instant.
BEGINS = """
SELECT first_trade, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s AND timestamp >= %(since)s
ORDER BY timestamp, first_trade LIMIT 1
"""


def is_far(ahead: int, pace: float, elapsed: int) -> bool:
    """Whether a trade id is further from the newest one than the pace explains.

    ahead: by how many ids it is ahead; negative when it is behind.
    pace: ids per microsecond, from `pace_of`.
    elapsed: microseconds between the two trades.
    """
    explained = FASTER * pace * max(0, min(elapsed, PACE_OVER)) if ahead > 0 else 0
    return abs(ahead) > max(FAR, explained)


def pace_of(tape: Tape, symbol: str) -> float:
    """Trade ids per microsecond in the last hour of a symbol's tape; 0.0 without a tape."""
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
