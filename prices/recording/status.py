"""Telling how it goes: one line that refreshes on a terminal, a plain line a minute in a log."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from ..counted import counted
from .tally import Tally

# Seconds between two lines.
ON_TERMINAL = 1.0
IN_LOG = 60.0

# Lag above this many seconds is told in larger units: a replayed recording lags by years.
UNITS = ((86_400 * 365, "years"), (86_400, "days"), (3_600, "hours"), (60, "minutes"))


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
            f"{'recording' if connected else 'not connected'} | {rate:,.0f} ticks/s"
            f" | {self.lag(tally.sent)} | {waiting:,} waiting | {tally.ticks:,} recorded"
            f" | {counted(tally.gaps_opened, 'gap')}, {tally.gaps_closed:,} filled"
        )
        self.out.write(self.refreshing(line) if self.terminal else f"{line}\n")
        self.out.flush()

    def refreshing(self, line: str) -> str:
        """The line over the whole width, so that it covers the one before. The cursor goes back to its beginning, where
        the next line, be it of the log, covers it in turn. (Not every terminal knows the code for clearing a line.)"""
        width = shutil.get_terminal_size().columns - 1
        return f"{line[:width]:{width}}\r"

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
