"""The ticks of one symbol: whether their trade ids join, or the gap ledger knows why not."""

from collections.abc import Sequence
from datetime import datetime

from pricetracker.process.progress import Progress

from ..intervals import Span
from ..recording.tape import Hole, Tape
from . import wording
from .findings import Findings
from .ledger_check import OPEN, Judgement, judge
from .scan import BEFORE_ALL, BEYOND, Scan
from .scan_rows import ScannedTicks, Suspect

# Gaps added to the ledger per transaction: recorders wait for it.
NOTED_AT_ONCE = 100


class TickAudit:
    """Reads all ticks of one symbol in order of trade id. Unknown gaps go into the ledger."""

    def __init__(self, tape: Tape, scan: Scan, findings: Findings, progress: Progress) -> None:
        self._tape = tape
        self._scan = scan
        self._findings = findings
        self._progress = progress
        # Ids of the ledger rows reported last: they may reach into the next stretch.
        self._told: set[int] = set()

    def run(self) -> None:
        """Read all ticks, then check what is missing before the first and after the last."""
        seen, reach = BEFORE_ALL, None
        while True:
            with self._scan.snapshot():
                seen, reach = self._from_kept(seen, reach)
                stretch = self._scan.walk(seen, reach)
                if stretch is None:
                    judgements = self._ends(seen, reach)
                    break
                judgement = self._between(seen, stretch)
            self._take(judgement)
            self._count(stretch)
            seen, reach = stretch.totals.last, stretch.totals.reach
        for judgement in judgements:
            self._take(judgement)

    def _from_kept(self, seen: int, reach: int | None) -> tuple[int, int | None]:
        """Where to continue, and the trade id that must come next.

        Pruned ticks are not missing, even if they were pruned since the previous query.
        """
        kept = self._scan.kept()
        if kept is None or seen >= kept.first:
            return seen, reach
        self._findings.kept_since = kept.at
        return kept.first - 1, kept.first

    def _between(self, seen: int, stretch: ScannedTicks) -> Judgement:
        """Judge the ids from the last tick seen, or from the first one, to the end of a stretch."""
        holes = [hole_before(tick) for tick in stretch.suspects if is_torn(tick)]
        if seen == BEFORE_ALL:
            seen = self._scan.first_tick(seen) or seen
        begin = max(seen, self._scan.kept_from())
        window = (begin, stretch.totals.last - 1)
        absent = [(hole.first, hole.last) for hole in holes]
        return judge(window, absent, holes, self._scan.ledger(*window))

    def _ends(self, seen: int, reach: int | None) -> list[Judgement]:
        """Judge the ids after the last tick and before the first one.

        No tick shows that trades existed there, but a candle may. Without any tick: all ids.
        """
        kept = self._scan.kept_from()
        # A gap that reaches into what is kept can still be filled there.
        self._findings.given_up = sum(
            row.status == OPEN and row.last < kept for row in self._scan.ledger(0, kept - 1)
        )
        first = self._scan.first_tick(kept - 1)
        if first is None or reach is None:
            found = self._scan.evidence(BEYOND, 0)
            holes = [Hole(found.first, found.last, found.starts, found.ends)] if found else []
            return [self._end((kept, BEYOND), (kept, BEYOND), holes)]
        before, after = [], []
        if found := self._scan.evidence(first, reach):
            if found.first < first:
                before = [ordered(found.first, first - 1, found.starts, self._scan.when(first))]
            if found.last >= reach:
                after = [ordered(reach, found.last, self._scan.when(seen), found.ends)]
        judgements = [self._end((seen, BEYOND), (reach, BEYOND), after)]
        if not kept:
            judgements.append(self._end((0, first - 1), (0, first - 1), before))
        return judgements

    def _end(self, window: Span, absent: Span, holes: list[Hole]) -> Judgement:
        return judge(window, [absent], holes, self._scan.ledger(*window))

    def _take(self, judgement: Judgement) -> None:
        self._findings.void += judgement.void
        for hole in judgement.known:
            self._findings.known.add(f"known: {wording.missing(hole)}", size(hole))
        take_unknown(judgement.unknown, self._findings, self._tape)
        for row in judgement.false:
            if row.id not in self._told:
                self._findings.false.add(wording.claim(row))
        self._told = {row.id for row in judgement.false}

    def _count(self, stretch: ScannedTicks) -> None:
        self._findings.ticks += stretch.totals.ticks
        self._findings.trades += stretch.totals.trades
        for tick in stretch.suspects:
            if tick.reach is not None and tick.first < tick.reach:
                self._findings.overlaps.add(wording.handover(tick, tick.reach))
            for line in wording.impossible(tick):
                self._findings.impossible.add(line)
        place = f"{self._findings.symbol}: ticks up to trade {stretch.totals.last}"
        part = self._scan.part(self._scan.when(stretch.totals.last))
        self._progress.tell(place, stretch.totals.ticks, part)


def take_unknown(holes: Sequence[Hole], findings: Findings, tape: Tape) -> None:
    """Report gaps that the ledger did not have, and add them to it."""
    for hole in holes:
        findings.unknown.add(f"unknown until now: {wording.missing(hole)}", size(hole))
    for n in range(0, len(holes), NOTED_AT_ONCE):
        tape.note(findings.symbol, holes[n : n + NOTED_AT_ONCE])


def is_torn(tick: Suspect) -> bool:
    return tick.reach is not None and tick.reach < tick.first


def hole_before(tick: Suspect) -> Hole:
    return ordered(tick.reach or 0, tick.first - 1, tick.before, tick.traded)


def ordered(first: int, last: int, one: datetime | None, other: datetime | None) -> Hole:
    """A hole between two instants, the earlier one first: trade times may step back.

    An instant is None when its tick was deleted after it was read.
    """
    instants = [instant for instant in (one, other) if instant is not None]
    return Hole(first, last, min(instants), max(instants))


def size(hole: Hole) -> int:
    return hole.last - hole.first + 1
