"""Telling how far an audit is."""

import time
from collections.abc import Callable
from typing import TextIO

from pricetracker.process.status_line import Line


class Progress:
    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = Line(out, clock)
        self.read = self._told_read = 0

    def tell(self, doing: str, ticks: int) -> None:
        """So many more ticks have been read. Write the line if it is due."""
        self.read += ticks
        if passed := self._line.due():
            rate = (self.read - self._told_read) / passed
            self._told_read = self.read
            self._line.write(f"{doing} | {self.read:,} ticks read | {rate:,.0f} ticks/s")

    def clear(self) -> None:
        self._line.clear()
