"""The ledger: every trade of the exchange, found by number, by id or by time.

A looped ledger is the recording repeated without end. Only the recording is stored: cycle k is the
recording with each id increased by k times the ids of one cycle, and each time by k times its
length. So the trade of any number, id or instant is computed, and a restarted exchange continues
where the calendar says.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .recording import Recording

MINUTE = 60_000_000  # µs
ENDLESS = 1 << 62  # more ticks, ids and microseconds than any recording has

Bisect = Callable[["array[int]", int], int]


class Tick(NamedTuple):
    agg_id: int
    price: str
    quantity: str
    first_id: int
    last_id: int
    time: int  # µs
    buyer_maker: bool
    best_match: bool


class Run(NamedTuple):
    """Neighbouring rows of the recording, and the offsets to add to them."""

    start: int
    stop: int
    agg_ids: int
    trade_ids: int
    time: int


class Market:
    """The trades of one symbol, numbered from 0."""

    def __init__(self, recording: Recording, cycle: int | None = None) -> None:
        """`cycle`: µs from one cycle of the recording to the next; None plays it once."""
        self.recording = recording
        self.symbol = recording.symbol
        self._rows = len(recording)
        if cycle is None:
            # Played once: the first cycle of a loop whose second never comes.
            self.size, self._cycle = self._rows, ENDLESS
            self._agg_ids = self._trade_ids = ENDLESS
        else:
            self.size, self._cycle = ENDLESS, cycle
            self._agg_ids = recording.agg_ids[-1] - recording.agg_ids[0] + 1
            self._trade_ids = recording.last_ids[-1] - recording.first_ids[0] + 1

    def count_until(self, time: int) -> int:
        """How many trades there are up to and including this instant."""
        return self._count(self.recording.times, time, self._cycle, bisect_right)

    def count_before(self, time: int) -> int:
        return self._count(self.recording.times, time, self._cycle, bisect_left)

    def count_below(self, agg_id: int) -> int:
        """How many trades have a lower aggregate id."""
        return self._count(self.recording.agg_ids, agg_id, self._agg_ids, bisect_left)

    def _count(self, column: "array[int]", value: int, stride: int, bisect: Bisect) -> int:
        cycle = max(0, (value - column[0]) // stride)
        return cycle * self._rows + bisect(column, value - cycle * stride)

    def time_of(self, number: int) -> int:
        cycle, row = divmod(number, self._rows)
        return self.recording.times[row] + cycle * self._cycle

    def runs(self, start: int, stop: int) -> Iterator[Run]:
        """The trades from `start` to before `stop`, as slices of the recording's columns."""
        while start < stop:
            cycle, row = divmod(start, self._rows)
            length = min(stop - start, self._rows - row)
            yield Run(
                row,
                row + length,
                cycle * self._agg_ids,
                cycle * self._trade_ids,
                cycle * self._cycle,
            )
            start += length

    def ticks(self, start: int, stop: int) -> Iterator[Tick]:
        rec = self.recording
        for run in self.runs(start, stop):
            for row in range(run.start, run.stop):
                yield Tick(
                    rec.agg_ids[row] + run.agg_ids,
                    rec.prices[row],
                    rec.quantities[row],
                    rec.first_ids[row] + run.trade_ids,
                    rec.last_ids[row] + run.trade_ids,
                    rec.times[row] + run.time,
                    bool(rec.flags[row] & 1),
                    bool(rec.flags[row] & 2),
                )


class Ledger:
    """The markets of the exchange, by symbol."""

    def __init__(
        self, recordings: Iterable[Recording], *, loop: bool = False, squeeze: float = 1
    ) -> None:
        """`squeeze` divides the length of a looped recording, so that the exchange is as many
        times as busy.
        """
        recordings = list(recordings)
        self.first_time = min(rec.times[0] for rec in recordings)
        cycle = None
        if loop:
            span = max(rec.times[-1] for rec in recordings) - self.first_time
            # Whole minutes, so that at its own speed each cycle is cut into the same candles.
            cycle = math.ceil((span // MINUTE + 1) * MINUTE / squeeze)
            for rec in recordings:
                _squeeze(rec, self.first_time, squeeze)
        self.markets = {rec.symbol: Market(rec, cycle) for rec in recordings}


def _squeeze(recording: Recording, origin: int, factor: float) -> None:
    if factor != 1:
        moved = (origin + int((time - origin) / factor) for time in recording.times)
        recording.times = array("q", moved)
