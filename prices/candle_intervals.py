"""How long candles are, and where they begin: Binance's intervals and boundaries. No database.

Instants are whole seconds since 1970 here: some boundaries of the last interval of the calendar are
no datetime.
"""

from dataclasses import dataclass
from datetime import timedelta

from .minutes import EPOCH

MINUTE, HOUR, DAY = 60, 3_600, 86_400
WEEK = 7 * DAY

# 1970 began on a Thursday, and Binance's weeks begin on Monday.
MONDAY = 4 * DAY

# The longest month.
MONTH = 31 * DAY

# The second after the last one of Python's calendar.
FOREVER = 253_402_300_800

# The candles that are stored beside those of minutes: how many minutes each has, and of how many
# minutes the stored ones are that it is folded from. No interval that is served is folded from more
# than seven rows, but a month.
KEPT = ((15, 1), (60, 15), (240, 60), (1440, 240))


@dataclass(frozen=True)
class Interval:
    """One of Binance's intervals.

    length: in seconds; of a calendar month that of the longest.
    origin: where one of them begins; the others are counted from there. None: calendar months.
    """

    name: str
    length: int
    origin: int | None = 0

    @property
    def source(self) -> int:
        """How many minutes the longest stored candles have of which it consists; 0: ticks."""
        if self.length < MINUTE:
            return 0
        if self.origin is None:
            return KEPT[-1][0]
        widths = [
            width
            for width, _ in KEPT
            if self.length % (width * MINUTE) == self.origin % (width * MINUTE) == 0
        ]
        return max(widths, default=1)

    @property
    def widths(self) -> list[int]:
        """The stored candles that it is folded from, in minutes: the source, and what is shorter.

        The interval that is running has no row yet, and consists of shorter ones.
        """
        return [1, *(width for width, _ in KEPT if width <= self.source)]

    def start(self, second: int) -> int:
        """Where the interval begins in which a second lies."""
        if self.origin is None:
            moment = EPOCH + timedelta(seconds=second)
            return second - (moment.day - 1) * DAY - second % DAY
        return second - (second - self.origin) % self.length

    def end(self, start: int) -> int:
        """Where the interval ends that begins at `start`."""
        if self.origin is None:
            # Any second of the next month will do.
            after = start + MONTH
            return FOREVER if after >= FOREVER else self.start(after)
        return start + self.length

    def aligned(self, second: int) -> int:
        """A second from 1970 on, or the next one at which an interval begins."""
        if second >= FOREVER:
            return FOREVER
        start = self.start(second)
        return start if start == second else self.end(start)


INTERVALS = {
    interval.name: interval
    for interval in (
        Interval("1s", 1),
        Interval("1m", MINUTE),
        Interval("3m", 3 * MINUTE),
        Interval("5m", 5 * MINUTE),
        Interval("15m", 15 * MINUTE),
        Interval("30m", 30 * MINUTE),
        Interval("1h", HOUR),
        Interval("2h", 2 * HOUR),
        Interval("4h", 4 * HOUR),
        Interval("6h", 6 * HOUR),
        Interval("8h", 8 * HOUR),
        Interval("12h", 12 * HOUR),
        Interval("1d", DAY),
        Interval("3d", 3 * DAY),
        Interval("1w", WEEK, MONDAY),
        Interval("1M", MONTH, None),
    )
}
