"""What pruning has taken of one symbol, or would take, in numbers and in words."""

from dataclasses import dataclass
from datetime import datetime

from ..formats.counts import counted
from ..formats.instants import iso
from ..recording.tape import Pruned

# What a tick takes on disk, indexes included.
BYTES = 130

UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass
class Account:
    """`ticks` were made between `starts` and `ends`: None without any."""

    symbol: str
    cutoff: datetime
    ticks: int = 0
    starts: datetime | None = None
    ends: datetime | None = None

    def add(self, step: Pruned) -> None:
        self.ticks += step.ticks
        self.starts = min(filter(None, (self.starts, step.starts)), default=None)
        self.ends = max(filter(None, (self.ends, step.ends)), default=None)

    @property
    def part(self) -> float:
        """How far it has come in time, on its way to the cutoff, from 0 to 1."""
        if self.starts is None or self.ends is None:
            return 0.0
        return (self.ends - self.starts) / (self.cutoff - self.starts)

    def told(self, verb: str) -> str:
        if self.starts is None or self.ends is None:
            return f"{self.symbol}: no tick {verb}"
        return (
            f"{self.symbol}: {counted(self.ticks, 'tick')} {verb}"
            f", from {iso(self.starts)} to {iso(self.ends)}, about {size(self.ticks * BYTES)}"
        )


def size(number: int) -> str:
    for unit, name in UNITS:
        if number >= unit:
            return f"{number / unit:,.1f} {name}"
    return counted(number, "byte")
