"""What a backfill did to the tape of one symbol, in numbers and in words."""

from dataclasses import dataclass

from ..formats.counts import counted
from ..recording.tape import Stored


@dataclass
class Tally:
    """Sums over the batches so far.

    new, known: ticks. refused: ticks that contradict the tape, were pruned, or have impossible
    times. unreadable: lines that are no aggTrade. withdrawn: rows that the exchange has taken back.
    first, last: the range of trade ids that came, None before the first.
    """

    symbol: str
    new: int = 0
    known: int = 0
    refused: int = 0
    unreadable: int = 0
    withdrawn: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, came: int, stored: Stored) -> None:
        """A batch of so many ticks was stored."""
        refused = len(stored.contradicting) + len(stored.pruned)
        self.new += stored.ticks
        self.refused += refused
        self.known += came - stored.ticks - refused

    def reach(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def told(self, missing: int, gaps: int) -> str:
        """The result in one line. missing: trades in so many gaps within the range."""
        left = "nothing missing"
        if gaps:
            left = f"{counted(missing, 'trade')} missing in {counted(gaps, 'gap')}"
        words = [f"{self.new:,} new", f"{self.known:,} known", f"{self.refused:,} refused"]
        if self.unreadable:
            words.append(counted(self.unreadable, "unreadable line"))
        if self.withdrawn:
            words.append(f"{counted(self.withdrawn, 'row')} withdrawn by the exchange")
        return f"{self.symbol}: {', '.join(words)}; {left}."
