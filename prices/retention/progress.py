"""Telling how far pruning is: one line that refreshes on a terminal, a plain line a minute in a log."""

import time
from collections.abc import Callable
from typing import TextIO

from pricetracker.process.status_line import Line

from ..formats.instants import iso
from .summary import Account


class Progress:
    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = Line(out, clock)
        self._ticks = self._told_ticks = 0

    def tell(self, account: Account, verb: str, ticks: int) -> None:
        """So many more ticks are done. Write the line if it is due."""
        self._ticks += ticks
        passed = self._line.due()
        if not passed or account.ends is None:
            return
        rate = (self._ticks - self._told_ticks) / passed
        self._told_ticks = self._ticks
        self._line.write(
            f"{account.symbol}: {account.ticks:,} ticks {verb} | {account.percent}%"
            f" | up to {iso(account.ends)} | {rate:,.0f} ticks/s"
        )

    def clear(self) -> None:
        self._line.clear()
