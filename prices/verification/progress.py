"""Telling how far an audit is: one line that refreshes on a terminal, a plain line a minute in a log."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

# Seconds between two lines.
ON_TERMINAL = 1.0
IN_LOG = 60.0


class Progress:
    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.out = out
        self.clock = clock
        self.terminal = out.isatty()
        self.told_at = clock()
        self.read = self.told_read = 0
        self.is_shown = False

    def tell(self, doing: str, ticks: int) -> None:
        """So many more ticks have been read. Write the line if it is due."""
        self.read += ticks
        now = self.clock()
        passed = now - self.told_at
        if passed < (ON_TERMINAL if self.terminal else IN_LOG):
            return
        rate = (self.read - self.told_read) / passed
        self.told_at, self.told_read = now, self.read
        line = f"{doing} | {self.read:,} ticks read | {rate:,.0f} ticks/s"
        self.write(line if self.terminal else f"{line}\n")

    def clear(self) -> None:
        """Make room for another line, if one is shown that it would not cover."""
        if self.is_shown:
            self.write("")
            self.is_shown = False

    def write(self, line: str) -> None:
        if self.terminal:
            # Over the whole width, so that it covers the line before; the next one covers it in turn.
            width = shutil.get_terminal_size().columns - 1
            line = f"{line[:width]:{width}}\r"
            self.is_shown = True
        self.out.write(line)
        self.out.flush()
