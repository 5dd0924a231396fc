"""Which trade times are plausible: one rule for streams and REST. No clock, no database.

All times are in microseconds since 1970.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

# Binance opened in July 2017: before that nobody traded there. (A second has no fraction here.)
OPENED = int(datetime(2017, 7, 1, tzinfo=UTC).timestamp()) * SECOND

# A trade's time may be later than that of its event by less than this: either may have been rounded
# to a millisecond.
ROUNDED = 1_000

# How long before its event a trade may have been made. In recordings it is at most 0.2 s; streams
# were reported to be minutes late.
DELAYED = HOUR

# How far time may step back where trade ids go on. In the recordings at hand it never does; steps
# of milliseconds were seen, and up to 0.9 s in 2017. It is less than the two seconds that the
# watermark stays behind the exchange's clock, so a step does not affect what is claimed complete.
STEP_BACK = SECOND

# How far an event may be ahead of the exchange's clock, as the events before it or our own clock
# show it: by as much may frames on a slow line become prompter at once. A trade that is stored with
# such a time hides the ones before it until that time has come, so it is not more.
AHEAD = 10 * SECOND

# How far our own clock may be behind the exchange's where nothing else tells the time: clocks are
# set to the wrong zone's summer time, or run unattended for years.
AHEAD_OF_OURS = HOUR


def untimely(traded: int, sent: int) -> str | None:
    """What is wrong with a trade's time, judged by that of its event; None when nothing is."""
    if min(traded, sent) < OPENED:
        return f"its time {iso(min(traded, sent))} is before Binance opened"
    if traded >= sent + ROUNDED:
        return f"its trade time {iso(traded)} is after its event time {iso(sent)}"
    if traded < sent - DELAYED:
        return f"its trade time {iso(traded)} is long before its event time {iso(sent)}"
    return None


def are_timely(traded: Sequence[int], delays: Sequence[int], unit: int) -> bool:
    """Whether `untimely` finds nothing wrong with any of some trades.

    delays: how long after each trade its event was. All are in units of `unit` microseconds.
    """
    return (
        min(traded) * unit >= OPENED
        and min(delays) * unit > -ROUNDED
        and max(delays) * unit <= DELAYED
    )


def out_of_line(
    times: Sequence[int], before: int | None = None, after: int | None = None
) -> list[int]:
    """The indexes of trades whose times do not fit those of the others.

    times: in the order of trade ids.
    before, after: the times of the trades on either side; None where there is none, or an
    untrusted one.

    Where trades contradict each other, the smallest possible set is returned.
    """
    low = OPENED if before is None else before - STEP_BACK
    within = [
        place
        for place, time in enumerate(times)
        if low <= time and (after is None or time <= after + STEP_BACK)
    ]
    if len(within) == len(times) and is_in_line(times):
        return []
    kept = rising(times, within)
    fit = set(kept)
    for place in within:
        n = bisect_right(kept, place)
        follows = n == 0 or times[kept[n - 1]] - STEP_BACK <= times[place]
        leads = n == len(kept) or times[place] <= times[kept[n]] + STEP_BACK
        if follows and leads:
            fit.add(place)
    return [place for place in range(len(times)) if place not in fit]


def is_in_line(times: Sequence[int]) -> bool:
    return all(time >= last - STEP_BACK for last, time in pairwise(times))


def rising(times: Sequence[int], places: Sequence[int]) -> list[int]:
    """The longest selection of `places` at which times never step back."""
    ends: list[int] = []  # The smallest time at which a selection of each length ends ...
    at: list[int] = []  # ... and the place where it ends.
    before: dict[int, int | None] = {}
    for place in places:
        n = bisect_right(ends, times[place])
        before[place] = at[n - 1] if n else None
        ends[n : n + 1] = [times[place]]
        at[n : n + 1] = [place]
    found: list[int] = []
    step = at[-1] if at else None
    while step is not None:
        found.append(step)
        step = before[step]
    return found[::-1]


def iso(time: int) -> str:
    """A time as ISO 8601 in UTC, exact, for any year up to 9999."""
    seconds, fraction = divmod(time, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=fraction, tzinfo=None)
    return f"{moment.isoformat()}Z"
