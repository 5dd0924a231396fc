"""Rows of an archive file as ticks in order of trade id, with the numbers of their lines."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from operator import le
from typing import NamedTuple

from pricetracker.archive.columns import Rows

from ..exchange.messages import AggTrade


class Batch(NamedTuple):
    """Ticks of one symbol in order of trade id, and the line of the file that each comes from."""

    ticks: Sequence[AggTrade]
    lines: Sequence[int]

    def without(self, refused: Sequence[AggTrade]) -> "Batch":
        """The batch without some of its ticks."""
        if not refused:
            return self
        lost = set(map(id, refused))
        kept = [n for n, tick in enumerate(self.ticks) if id(tick) not in lost]
        return Batch([self.ticks[n] for n in kept], [self.lines[n] for n in kept])

    def lines_of(self, ticks: Sequence[AggTrade]) -> Iterator[int]:
        """The lines of some of its ticks."""
        lines = {id(tick): line for tick, line in zip(self.ticks, self.lines, strict=True)}
        return (lines[id(tick)] for tick in ticks)


def batch_of(symbol: str, rows: Rows) -> Batch:
    """Rows as one batch. Those with the same first trade stay in the order of the file."""
    ticks = list(
        map(
            AggTrade,
            repeat(symbol),
            rows.firsts,
            rows.lasts,
            rows.prices,
            rows.quantities,
            rows.times,
            # The archive does not say when the stream sent it.
            rows.times,
            rows.buyer_makers,
        )
    )
    if not any(map(le, rows.firsts[1:], rows.lasts)):
        return Batch(ticks, rows.lines)
    order = sorted(range(len(ticks)), key=rows.firsts.__getitem__)
    return Batch([ticks[n] for n in order], [rows.lines[n] for n in order])


def overlapping(ticks: Sequence[AggTrade]) -> list[AggTrade]:
    """The ticks that share some trades, not all, with one before them: no trade is stored twice.

    ticks: in order of trade id. Those with the same first trade are compared when they are stored.
    """
    found = []
    before: AggTrade | None = None
    for tick in ticks:
        if before is not None and before.first < tick.first <= before.last:
            found.append(tick)
        elif before is None or tick.first > before.first:
            before = tick
    return found


def parts(batch: Batch, size: int) -> Iterator[Batch]:
    """A batch in parts of up to some ticks."""
    for start in range(0, len(batch.ticks), size):
        stop = start + size
        yield Batch(batch.ticks[start:stop], batch.lines[start:stop])
