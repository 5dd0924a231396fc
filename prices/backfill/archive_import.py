"""Imports archive files: their rows become ticks, batch by batch, on the one road into the tape."""

import time
from collections.abc import Callable, Iterator, Sequence

from pricetracker.archive import reading
from pricetracker.archive.columns import Rows
from pricetracker.archive.names import ArchiveFile

from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.messages import AggTrade
from ..recording.reconnecting import ReconnectingTape
from ..recording.tape import Stored
from ..recording.trade_times import Refused
from . import plausible_times
from .batches import Batch, batch_of, overlapping, parts
from .known_parts import is_known
from .leading_edge import leading
from .pacing import Pacing
from .report import LineReport
from .row_order import RowOrder
from .tally import Tally

# What the gap ledger has as the source of what fills a gap.
SOURCE = "archive"


class ArchiveImport:
    """Imports one file after another. What the tape has already is skipped, so that any import can
    be stopped, and repeated.

    tally: by symbol. say: takes a line about rows that were not imported. step: called after each
    transaction with the number of lines that were read since the last one. Every method raises what
    ReconnectingTape raises, and ArchiveError for a file that cannot be read.
    """

    def __init__(
        self,
        tape: ReconnectingTape,
        *,
        say: Callable[[str], None],
        step: Callable[[int], None] = lambda lines: None,
        stopped: Callable[[], bool] = lambda: False,
        pacing: Pacing,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._tape = tape
        self._say = say
        self._step = step
        self._stopped = stopped
        self._pacing = pacing
        self.clock = clock
        self._wall_clock = wall_clock
        self.tallies: dict[str, Tally] = {}

    def run(self, file: ArchiveFile) -> None:
        """Import one file, or part of it when a stop is requested."""
        tally = self.tallies.setdefault(file.symbol, Tally(file.symbol))
        report = LineReport(file.path, self._say)
        order = RowOrder()
        begins = True
        try:
            for rows in reading.read(file.path):
                batch, refused = self._block(file.symbol, rows, tally, report, order)
                if self._stopped():
                    break
                if begins and batch.ticks:
                    self._note_beginning(file.symbol, batch, rows, refused)
                    begins = False
        finally:
            report.close()

    def _block(
        self, symbol: str, rows: Rows, tally: Tally, report: LineReport, order: RowOrder
    ) -> tuple[Batch, list[AggTrade]]:
        """Import some rows. Returns them as ticks, and those of them that are not on the tape."""
        tally.withdrawn += rows.withdrawn
        tally.unreadable += len(rows.unreadable)
        batch = batch_of(symbol, rows)
        told = [(bad.line, bad.reason) for bad in rows.unreadable]
        told += order.remarks(rows)
        if batch.ticks:
            self._open(symbol)
        lost: list[AggTrade] = []
        self._step(len(rows.unreadable) + rows.withdrawn)
        for part in parts(batch, self._pacing.batch):
            refused, contradicting = self._part(part, tally)
            lost += [each.tick for each in refused]
            told += reasons(part, [*refused, *contradicting])
            self._step(len(part.ticks))
            if self._stopped():
                break
        report.add(sorted(told))
        return batch, lost

    def _note_beginning(
        self, symbol: str, batch: Batch, rows: Rows, refused: Sequence[AggTrade]
    ) -> None:
        lost = [bad.ids for bad in rows.unreadable if bad.ids]
        lost += [(tick.first, tick.last) for tick in refused]
        hole = leading(batch.without(refused).ticks, lost)
        if hole is not None:
            self._tape.insist(lambda tape: tape.note(symbol, [hole]))
            self.tallies[symbol].reach(hole.first, hole.last)

    def _open(self, symbol: str) -> None:
        """A symbol that was never recorded becomes one when its first tick comes."""
        if symbol not in self._tape.symbols:
            self._tape.symbols = [*self._tape.symbols, symbol]
            self._tape.insist(lambda tape: tape.register(self._tape.symbols))
        self._tape.insist(self._pacing.look)

    def _part(self, part: Batch, tally: Tally) -> tuple[list[Refused], list[Refused]]:
        """Store a part of a batch.

        Returns the ticks that were refused for what they are, and those that were refused for what
        the tape has.
        """
        begun = self.clock()
        tally.reach(part.ticks[0].first, max(tick.last for tick in part.ticks))
        if self._tape.insist(lambda tape: is_known(tape, part.ticks)):
            tally.known += len(part.ticks)
            return [], []
        latest = int(self._wall_clock() * 1_000_000) + AHEAD_OF_OURS
        refused = [
            Refused(tick, "it shares trades with another row") for tick in overlapping(part.ticks)
        ]
        fit = part.without([each.tick for each in refused])
        refused += self._tape.insist(lambda tape: plausible_times.sift(tape, fit.ticks, latest))
        fit = part.without([each.tick for each in refused])
        tally.refused += len(refused)
        stored = Stored(0, 0, 0)
        if fit.ticks:
            stored = self._tape.insist(lambda tape: tape.store(fit.ticks, SOURCE))
            tally.add(len(fit.ticks), stored)
        self._pacing.rest(self.clock() - begun)
        return refused, list(of_stored(stored))


def of_stored(stored: Stored) -> Iterator[Refused]:
    for tick in stored.contradicting:
        yield Refused(tick, f"trade {tick.first} is on the tape, with other values")
    for tick in stored.pruned:
        yield Refused(tick, "the tape is pruned there")


def reasons(part: Batch, refused: Sequence[Refused]) -> Iterator[tuple[int, str]]:
    """Each with its line."""
    lines = part.lines_of([each.tick for each in refused])
    for line, each in zip(lines, refused, strict=True):
        yield line, f"not imported: {each.reason}"
