"""Tells of rows that are not in order, as some real files have them.

They are imported all the same, unless something else is wrong with them.
"""

from collections.abc import Iterator
from operator import gt, le

from pricetracker.archive.columns import Rows

SECOND = 1_000_000  # microseconds


class RowOrder:
    """The order of the rows of one file, block by block."""

    def __init__(self) -> None:
        self._last = -1
        self._time = 0

    def remarks(self, rows: Rows) -> Iterator[tuple[int, str]]:
        """The lines of rows that repeat or step back, and in what."""
        if not rows:
            return
        lasts, times = [self._last, *rows.lasts[:-1]], [self._time, *rows.times[:-1]]
        # In nearly all blocks there is none.
        if any(map(le, rows.firsts, lasts)):
            yield from self._ids(rows)
        if any(map(gt, times, rows.times)):
            for line, time, before in zip(rows.lines, rows.times, times, strict=True):
                if time < before:
                    step = f"{(before - time) / SECOND:.6f}".rstrip("0").rstrip(".")
                    yield line, f"its time is {step} s before that of the row above"
        self._last = max(self._last, *rows.lasts)
        self._time = rows.times[-1]

    def _ids(self, rows: Rows) -> Iterator[tuple[int, str]]:
        newest = self._last
        for line, first, last in zip(rows.lines, rows.firsts, rows.lasts, strict=True):
            if first <= newest:
                yield line, f"trades {first} to {last} repeat an earlier line, or step back"
            newest = max(newest, last)
