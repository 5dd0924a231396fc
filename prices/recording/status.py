"""The status line of a recorder."""

import time
from collections.abc import Callable
from typing import TextIO

from pricetracker.process.status_line import Line

from ..formats.counts import counted
from .counters import Counters

# Lag above this many seconds is shown in larger units: a replayed recording lags by years.
UNITS = ((86_400 * 365, "years"), (86_400, "days"), (3_600, "hours"), (60, "minutes"))


class Status:
    """Writes to `out`: a line that refreshes on a terminal, a line per minute elsewhere."""

    def __init__(
        self,
        out: TextIO,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._line = Line(out, clock)
        self._wall_clock = wall_clock
        self._told_ticks = 0

    def tell(self, counters: Counters, waiting: int, connected: bool) -> None:
        """Write the line if it is due. `waiting` frames are in the buffer."""
        passed = self._line.due()
        if not passed:
            return
        ticks = counters.ticks + counters.repeated
        rate = (ticks - self._told_ticks) / passed
        self._told_ticks = ticks
        self._line.write(
            f"{'recording' if connected else 'not connected'} | {rate:,.0f} ticks/s | "
            f"{self.lag(counters.sent)} | {waiting:,} buffered | {counters.ticks:,} recorded | "
            f"{counted(counters.gaps_opened, 'gap')}, {counters.gaps_closed:,} repaired"
        )

    def lag(self, sent: int) -> str:
        """How long ago an instant was, in words; `sent` is in microseconds since 1970."""
        if not sent:
            return "no tick yet"
        seconds = self._wall_clock() - sent / 1_000_000
        for size, unit in UNITS:
            if seconds >= 2 * size:
                return f"{seconds / size:.0f} {unit} behind"
        return f"{seconds:.2f} s behind"

    def end(self) -> None:
        """Keep the last line on the screen."""
        self._line.end()
