"""How many ticks of one symbol were pruned, or would be, in numbers and in words."""

from dataclasses import dataclass
from datetime import datetime

from ..formats.counts import counted
from ..formats.instants import iso
from ..formats.sizes import BYTES_PER_TICK, size
from ..recording.tape import Pruned


@dataclass
class PruneSummary:
    """The sum over the steps so far.

    cutoff: the instant from which on answers must not change; UTC.
    starts, ends: the instants of the earliest and the latest of the `ticks`; None without any.
    """

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
        """How much of the time up to the cutoff is done, from 0 to 1."""
        if self.starts is None or self.ends is None:
            return 0.0
        return (self.ends - self.starts) / (self.cutoff - self.starts)

    def told(self, verb: str) -> str:
        """The result in one line; `verb` is "pruned" or "would be pruned"."""
        if self.starts is None or self.ends is None:
            return f"{self.symbol}: no tick {verb}"
        return (
            f"{self.symbol}: {counted(self.ticks, 'tick')} {verb}"
            f", from {iso(self.starts)} to {iso(self.ends)}"
            f", about {size(self.ticks * BYTES_PER_TICK)}"
        )
