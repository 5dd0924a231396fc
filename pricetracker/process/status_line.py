"""A status line: refreshed every second on a terminal, a plain line per minute in a log."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

# Seconds between two lines.
ON_TERMINAL = 1.0
IN_LOG = 60.0


class Line:
    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.out = out
        self.clock = clock
        self.terminal = out.isatty()
        self.told_at = clock()
        self.is_shown = False

    def due(self) -> float:
        """Seconds since the last line; 0 when the next is not due yet.

        A line that is due must be written.
        """
        now = self.clock()
        passed = now - self.told_at
        if passed < (ON_TERMINAL if self.terminal else IN_LOG):
            return 0.0
        self.told_at = now
        return passed

    def write(self, line: str) -> None:
        if self.terminal:
            # Over the whole width, so that it covers the previous line. The cursor returns to the
            # beginning, where the next line, also of the log, covers it in turn. (Not every
            # terminal knows the code for clearing a line.)
            width = shutil.get_terminal_size().columns - 1
            self.put(f"{line[:width]:{width}}\r")
            self.is_shown = True
        else:
            self.put(f"{line}\n")

    def clear(self) -> None:
        """Make room for another line, if one is shown that it would not cover."""
        if self.is_shown:
            self.write("")
            self.is_shown = False

    def end(self) -> None:
        """Keep the last line on the screen."""
        if self.terminal:
            self.put("\n")

    def put(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
