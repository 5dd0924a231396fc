"""A status line: refreshed every second on a terminal, a line per minute in a log."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

# Seconds between two lines.
ON_TERMINAL = 1.0
IN_LOG = 60.0


class Line:
    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self.clock = clock
        self.is_terminal = out.isatty()
        self._told_at = clock()

    def due(self) -> float:
        """Seconds since the last line; 0 when the next is not due yet.

        A line that is due must be written.
        """
        now = self.clock()
        passed = now - self._told_at
        if passed < (ON_TERMINAL if self.is_terminal else IN_LOG):
            return 0.0
        self._told_at = now
        return passed

    def write(self, line: str) -> None:
        if self.is_terminal:
            # Over the whole width, so that it covers the previous line. The cursor returns to the
            # beginning, where the next line, also of the log, covers it in turn. (Not every
            # terminal knows the code for clearing a line.)
            width = shutil.get_terminal_size().columns - 1
            self._put(f"{line[:width]:{width}}\r")
        else:
            self._put(f"{line}\n")

    def end(self) -> None:
        """Keep the last line on the screen."""
        if self.is_terminal:
            self._put("\n")

    def _put(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
