"""The coarse candles of one symbol: whether each is what its minutes make."""

from collections.abc import Iterator
from datetime import datetime

from pricetracker.process.progress import Progress

from ..candle_intervals import KEPT
from ..formats.instants import iso
from ..minutes import EPOCH, MINUTE
from ..recording.tape import Tape
from . import wording
from .findings import Findings
from .scan import Scan
from .scan_rows import Difference

# Minutes per query: it takes a tenth of a second.
MINUTES = 64 * 1440

# Coarse candles made again per transaction: recorders wait for it.
KEPT_AT_ONCE = 20


class CoarseAudit:
    """Runs after the audit of the candles of minutes, which may have rebuilt some."""

    def __init__(self, tape: Tape, scan: Scan, findings: Findings, progress: Progress) -> None:
        self._tape = tape
        self._scan = scan
        self._findings = findings
        self._progress = progress

    def run(self, *, refold: bool, minutes: int = MINUTES) -> None:
        """Read `minutes` at a time, in whole intervals."""
        for width, _ in KEPT:
            for start, stop in self._ranges(width, minutes):
                wrong = self._look(width, start, stop)
                if refold and wrong:
                    self._rebuild(width, wrong)
                    after = self._look(width, start, stop)
                    self._findings.rebuilt += len(wrong) - len(after)
                    wrong = after
                for difference in wrong:
                    self._findings.coarse.add(wording.coarse(difference, width))
                place = f"{self._findings.symbol}: candles of {width} minutes up to {iso(start)}"
                self._progress.tell(place, 0, self._scan.part(start))

    def _ranges(self, width: int, minutes: int) -> Iterator[tuple[datetime, datetime]]:
        """Ranges that hold all intervals with minutes or coarse candles; half-open."""
        span = max(1, minutes // width) * width * MINUTE
        start = self._next(width, EPOCH)
        while start is not None:
            yield start, start + span
            start = self._next(width, start + span)

    def _next(self, width: int, start: datetime) -> datetime | None:
        with self._scan.snapshot():
            return self._scan.next_coarse(width, start)

    def _look(self, width: int, start: datetime, stop: datetime) -> list[Difference]:
        with self._scan.snapshot():
            return self._scan.coarse(width, start, stop)

    def _rebuild(self, width: int, wrong: list[Difference]) -> None:
        starts = [difference.minute for difference in wrong]
        for n in range(0, len(starts), KEPT_AT_ONCE):
            self._tape.keep_coarse(self._findings.symbol, starts[n : n + KEPT_AT_ONCE], width)
