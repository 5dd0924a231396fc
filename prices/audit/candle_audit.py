"""The candles of one symbol: whether each is what its ticks make."""

from dataclasses import dataclass
from datetime import datetime

from pricetracker.process.progress import Progress

from ..formats.instants import iso
from ..minutes import EPOCH, MINUTE
from ..recording.tape import Tape
from . import wording
from .candle_differences import is_explained, is_unfilled
from .findings import Findings
from .pruned_candles import PrunedCandleAudit
from .scan import Scan
from .scan_rows import Difference

# Candles refolded per transaction: recorders wait for it.
REFOLDED_AT_ONCE = 20

# Each query aims at TICKS ticks and reads at most MOST_MINUTES minutes; the first reads
# FIRST_MINUTES.
TICKS = 500_000
MOST_MINUTES = 8192
FIRST_MINUTES = 64


@dataclass(frozen=True)
class Look:
    """What one query found in a range of minutes.

    minutes, ticks: minutes that have ticks, and how many ticks.
    wrong, unfilled: candles that differ from their ticks; that lack volumes their ticks could fill.
    explained: how many candles count trades that are missing now.
    """

    minutes: int
    ticks: int
    wrong: list[Difference]
    unfilled: list[Difference]
    explained: int


class CandleAudit:
    """Runs after the audit of the ticks, when the gap ledger knows which of them are missing."""

    def __init__(self, tape: Tape, scan: Scan, findings: Findings, progress: Progress) -> None:
        self._tape = tape
        self._scan = scan
        self._findings = findings
        self._progress = progress

    def run(self, *, refold: bool, span: int = FIRST_MINUTES) -> None:
        PrunedCandleAudit(self._tape, self._scan, self._findings, self._progress).run()
        start = self._next_minute(EPOCH)
        while start is not None:
            stop = start + span * MINUTE
            look = self._look(start, stop)
            if refold and (look.wrong or look.unfilled):
                look = self._rebuild(look, start, stop)
            self._count(look)
            place = f"{self._findings.symbol}: candles up to {iso(start)}"
            self._progress.tell(place, look.ticks, self._scan.part(start))
            # Aim at TICKS ticks, but at most double: the market may be busier from here on.
            span = max(1, min(2 * span, span * TICKS // max(look.ticks, 1), MOST_MINUTES))
            start = self._next_minute(stop)

    def _next_minute(self, start: datetime) -> datetime | None:
        with self._scan.snapshot():
            return self._scan.next_minute(start)

    def _look(self, start: datetime, stop: datetime) -> Look:
        with self._scan.snapshot():
            minutes, ticks, found = self._scan.candles(start, stop)
        unfilled = [difference for difference in found if is_unfilled(difference)]
        unlike = [difference for difference in found if not is_unfilled(difference)]
        wrong = [difference for difference in unlike if not is_explained(difference)]
        return Look(minutes, ticks, wrong, unfilled, len(unlike) - len(wrong))

    def _rebuild(self, before: Look, start: datetime, stop: datetime) -> Look:
        """Refold the candles that are wrong or unfilled, and read the range again."""
        minutes = [difference.minute for difference in before.wrong + before.unfilled]
        for n in range(0, len(minutes), REFOLDED_AT_ONCE):
            self._tape.refold(self._findings.symbol, minutes[n : n + REFOLDED_AT_ONCE])
        after = self._look(start, stop)
        self._findings.rebuilt += len(before.wrong) - len(after.wrong)
        self._findings.rebuilt += len(before.unfilled) - len(after.unfilled)
        return after

    def _count(self, look: Look) -> None:
        self._findings.minutes += look.minutes
        self._findings.explained += look.explained
        self._findings.unfilled += len(look.unfilled)
        for difference in look.wrong:
            self._findings.candles.add(wording.candle(difference))
