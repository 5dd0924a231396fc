"""The ticks of one symbol by trade id: whether they join, make sense, and the gap ledger knows where they do not."""

from collections.abc import Sequence
from datetime import datetime

from ..intervals import Span
from ..recording.tape import Hole, Tape
from . import wording
from .findings import Findings
from .holes import OPEN, Judgement, judge
from .progress import Progress
from .rows import Stretch, Suspect
from .scan import BEFORE_ALL, BEYOND, Scan

# Holes that are written into the ledger at once: recorders wait for that.
NOTED_AT_ONCE = 100


class TickAudit:
    def __init__(self, tape: Tape, scan: Scan, findings: Findings, progress: Progress) -> None:
        self.tape = tape
        self.scan = scan
        self.findings = findings
        self.progress = progress
        # Rows of the ledger that were told of last: they may reach into the next stretch.
        self.told: set[int] = set()

    def run(self) -> None:
        """Walk through all ticks, and then look at what is before and after them."""
        seen, reach = BEFORE_ALL, None
        while True:
            with self.scan.snapshot():
                seen, reach = self.from_kept(seen, reach)
                stretch = self.scan.walk(seen, reach)
                if stretch is None:
                    judgements = self.ends(seen, reach)
                    break
                judgement = self.between(seen, stretch)
            self.take(judgement)
            self.count(stretch)
            seen, reach = stretch.totals.last, stretch.totals.reach
        for judgement in judgements:
            self.take(judgement)

    def from_kept(self, seen: int, reach: int | None) -> tuple[int, int | None]:
        """Where to go on, and the id that must come next: what was pruned, be it since the last look, is not missing."""
        kept = self.scan.kept()
        if kept is None or seen >= kept.first:
            return seen, reach
        self.findings.kept_since = kept.at
        return kept.first - 1, kept.first

    def between(self, seen: int, stretch: Stretch) -> Judgement:
        """The holes from the last tick seen, or else from the first of all, to the last of a stretch."""
        holes = [hole_before(tick) for tick in stretch.suspects if is_torn(tick)]
        if seen == BEFORE_ALL:
            seen = self.scan.first_tick(seen) or seen
        begin = max(seen, self.scan.kept_from())
        window = (begin, stretch.totals.last - 1)
        absent = [(hole.first, hole.last) for hole in holes]
        return judge(window, absent, holes, self.scan.ledger(*window))

    def ends(self, seen: int, reach: int | None) -> list[Judgement]:
        """What is after the last tick and before the first one, where candles may know of trades; everything without a tick."""
        kept = self.scan.kept_from()
        # One that reaches into what is kept can still be filled, there.
        self.findings.given_up = sum(
            row.status == OPEN and row.last < kept for row in self.scan.ledger(0, kept - 1)
        )
        first = self.scan.first_tick(kept - 1)
        if first is None or reach is None:
            found = self.scan.evidence(BEYOND, 0)
            holes = [Hole(found.first, found.last, found.starts, found.ends)] if found else []
            return [self.end((kept, BEYOND), (kept, BEYOND), holes)]
        before, after = [], []
        if found := self.scan.evidence(first, reach):
            if found.first < first:
                before = [ordered(found.first, first - 1, found.starts, self.scan.when(first))]
            if found.last >= reach:
                after = [ordered(reach, found.last, self.scan.when(seen), found.ends)]
        judgements = [self.end((seen, BEYOND), (reach, BEYOND), after)]
        if not kept:
            judgements.append(self.end((0, first - 1), (0, first - 1), before))
        return judgements

    def end(self, window: Span, absent: Span, holes: list[Hole]) -> Judgement:
        return judge(window, [absent], holes, self.scan.ledger(*window))

    def take(self, judgement: Judgement) -> None:
        self.findings.void += judgement.void
        for hole in judgement.known:
            self.findings.known.add(f"known: {wording.missing(hole)}", size(hole))
        take_unknown(judgement.unknown, self.findings, self.tape)
        for row in judgement.false:
            if row.id not in self.told:
                self.findings.false.add(wording.claim(row))
        self.told = {row.id for row in judgement.false}

    def count(self, stretch: Stretch) -> None:
        self.findings.ticks += stretch.totals.ticks
        self.findings.trades += stretch.totals.trades
        for tick in stretch.suspects:
            if tick.reach is not None and tick.first < tick.reach:
                self.findings.overlaps.add(wording.handover(tick, tick.reach))
            for line in wording.impossible(tick):
                self.findings.impossible.add(line)
        place = f"{self.findings.symbol}: ticks up to trade {stretch.totals.last}"
        self.progress.tell(place, stretch.totals.ticks)


def take_unknown(holes: Sequence[Hole], findings: Findings, tape: Tape) -> None:
    """Tell of holes that the ledger did not know, and write them there."""
    for hole in holes:
        findings.unknown.add(f"unknown until now: {wording.missing(hole)}", size(hole))
    for n in range(0, len(holes), NOTED_AT_ONCE):
        tape.note(findings.symbol, holes[n : n + NOTED_AT_ONCE])


def is_torn(tick: Suspect) -> bool:
    return tick.reach is not None and tick.reach < tick.first


def hole_before(tick: Suspect) -> Hole:
    return ordered(tick.reach or 0, tick.first - 1, tick.before, tick.traded)


def ordered(first: int, last: int, one: datetime | None, other: datetime | None) -> Hole:
    """Time may go back where trade ids go on; and a tick may have been taken away since it was seen."""
    instants = [instant for instant in (one, other) if instant is not None]
    return Hole(first, last, min(instants), max(instants))


def size(hole: Hole) -> int:
    return hole.last - hole.first + 1
