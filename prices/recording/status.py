"""Telling how it goes: one line that refreshes on a terminal, a plain line a minute in a log."""

import time
from collections.abc import Callable
from typing import TextIO

from .tally import Tally

# Seconds between two lines.
ON_TERMINAL = 1.0
IN_LOG = 60.0

# Lag above this many seconds is told in larger units: a replayed recording lags by years.
UNITS = ((86_400 * 365, "years"), (86_400, "days"), (3_600, "hours"), (60, "minutes"))

# Back to the beginning of the line, and clear it.
REFRESH = "\r\x1b[K"


class Status:
    def __init__(
        self,
        out: TextIO,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.out = out
        self.clock = clock
        self.wall_clock = wall_clock
        self.terminal = out.isatty()
        self.told_at = clock()
        self.told_ticks = 0

    def tell(self, tally: Tally, waiting: int, connected: bool) -> None:
        """Write the line if it is due. `waiting` events are in the buffer."""
        now = self.clock()
        passed = now - self.told_at
        if passed < (ON_TERMINAL if self.terminal else IN_LOG):
            return
        rate = (tally.ticks + tally.repeated - self.told_ticks) / passed
        self.told_at, self.told_ticks = now, tally.ticks + tally.repeated
        line = (
            f"{'recording' if connected else 'not connected'} | {rate:,.0f} ticks/s | {self.lag(tally.sent)} | {tally.ticks:,} ticks recorded"
            f" | {waiting:,} waiting | gaps: {tally.gaps_opened} opened, {tally.gaps_closed} closed"
        )
        self.out.write(f"{REFRESH}{line}" if self.terminal else f"{line}\n")
        self.out.flush()

    def lag(self, sent: int) -> str:
        if not sent:
            return "no tick yet"
        seconds = self.wall_clock() - sent / 1_000_000
        for size, unit in UNITS:
            if seconds >= 2 * size:
                return f"{seconds / size:.0f} {unit} behind"
        return f"{seconds:.2f} s behind"

    def end(self) -> None:
        """Leave the last line standing."""
        if self.terminal:
            self.out.write("\n")
            self.out.flush()
