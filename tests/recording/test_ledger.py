"""What a batch does to the gaps of a symbol, against sets of ids; without a database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from prices.intervals import Span
from prices.recording.ledger import Arrival, Changes, Ends, Hole, LedgerGap, Run, changes

START = datetime(2025, 7, 3, 8, 30, tzinfo=UTC)

IDS = 40


def at(trade: int) -> datetime:
    """When a trade was made: three of them at each instant."""
    return START + timedelta(seconds=trade // 3)


def hole(first: int, last: int) -> Hole:
    return Hole(first, last, at(first - 1), at(last + 1))


def run(first: int, last: int) -> Run:
    return Run(first, last, at(first), at(last))


def ids(span: Hole | Run | Span) -> set[int]:
    return set(range(span[0], span[1] + 1))


def every(spans: Iterable[Hole | Run | Span]) -> set[int]:
    return {n for span in spans for n in ids(span)}


def stretches(found: set[int]) -> list[Span]:
    firsts = sorted(n for n in found if n - 1 not in found)
    lasts = sorted(n for n in found if n + 1 not in found)
    return list(zip(firsts, lasts, strict=True))


@dataclass
class Case:
    """A tape as the set of ids that it holds, its open gaps, and a batch."""

    held: set[int]
    gaps: list[LedgerGap]
    arrival: Arrival

    @property
    def tape(self) -> Ends | None:
        if not self.held:
            return None
        first, last = min(self.held), max(self.held)
        return Ends(first, at(first), last, at(last))

    def changes(self) -> Changes:
        return changes(self.arrival, self.tape, self.gaps)

    @property
    def brought(self) -> set[int]:
        """The ids that the batch proves to be on the tape."""
        return every(self.arrival.runs) - every(self.arrival.claimed) | every(self.arrival.kept)


@st.composite
def spans(draw: st.DrawFn, most: int) -> list[Span]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        first = draw(st.integers(0, IDS - 1))
        found.append((first, min(IDS - 1, first + draw(st.integers(0, 6)))))
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Some of what a tape lacks is an open gap, some is void; and somebody may have noted gaps
    beyond its ends.
    """
    held = every(draw(spans(4)))
    inside = set(range(min(held), max(held))) - held if held else set()
    outside = [span for span in stretches(set(range(IDS)) - held - inside) if draw(st.booleans())]
    torn = [span for span in stretches(inside) if draw(st.integers(0, 3))]
    gaps = []
    for number, (first, last) in enumerate(sorted(torn + outside)):
        # What was filled before still belongs to the gap.
        found = hole(first - draw(st.integers(0, 1)) * (first - 1 in held), last)
        gaps.append(LedgerGap(number, hole(first, last), found))
    batch = draw(spans(4).filter(bool))
    runs = [run(*span) for span in batch]
    claimed, kept = [], []
    for first, last in batch:
        if first in held and draw(st.booleans()):
            claimed.append((first, last))
            kept.append((first, first))
    stored = sorted({first for first, _ in batch} - held)
    return Case(held, gaps, Arrival(runs, claimed, kept, stored))


@given(case=cases())
@settings(max_examples=1000)
def test_open_is_what_is_missing(case: Case) -> None:
    known = every(gap.missing for gap in case.gaps)
    found = case.changes()
    after = case.held | every(case.arrival.runs)
    # Where the tape already was, nothing is missing but what its ledger says.
    looked = set(range(min(case.held), max(case.held) + 1)) if case.held else set()
    ends = [run.first for run in case.arrival.runs] + ([min(case.held)] if case.held else [])
    passed = set(range(min(after), max(ends))) - looked
    assert every(found.opened) == passed - case.brought - known
    touched = {gap.id for gap in case.gaps if ids(gap.missing) & case.brought}
    assert {rest.gap for rest in found.shrunk} | {gap.id for gap in found.closed} == touched
    for gap in case.gaps:
        if gap.id in touched:
            left = [rest.missing for rest in found.shrunk + found.split if rest.gap == gap.id]
            assert [piece.span for piece in left] == stretches(ids(gap.missing) - case.brought)
            assert (gap in found.closed) == (not left)


@given(case=cases())
@settings(max_examples=500)
def test_each_trade_ever_missed_is_in_one_row(case: Case) -> None:
    found = case.changes()
    for gap in case.gaps:
        rests = [rest for rest in found.shrunk + found.split if rest.gap == gap.id]
        shares = [n for rest in rests for n in sorted(ids(rest.found))]
        if rests:
            assert shares == sorted(ids(gap.found))
            assert sum(rest.gap == gap.id for rest in found.shrunk) == 1
        assert all(ids(rest.missing) <= ids(rest.found) for rest in rests)
        assert all(rest.found.starts <= rest.missing.starts for rest in rests)
        assert all(rest.found.ends >= rest.missing.ends for rest in rests)
    assert len(every(found.opened)) == sum(len(ids(opened)) for opened in found.opened)


@given(case=cases())
@settings(max_examples=500)
def test_a_missing_trade_was_made_between_its_instants(case: Case) -> None:
    found = case.changes()
    for missing in found.opened + [rest.missing for rest in found.shrunk + found.split]:
        assert all(missing.starts <= at(n) <= missing.ends for n in ids(missing))


@given(case=cases())
@settings(max_examples=300)
def test_ticks_are_counted_in_the_gap_they_fill(case: Case) -> None:
    found = case.changes()
    changed = {rest.gap for rest in found.shrunk} | {gap.id for gap in found.closed}
    assert found.filled.keys() == changed
    for gap in case.gaps:
        if gap.id in changed:
            filled = [first for first in case.arrival.stored if first in ids(gap.missing)]
            assert found.filled[gap.id] == len(filled)


def test_a_batch_that_follows_changes_nothing() -> None:
    tape = Ends(1, at(1), 9, at(9))
    assert changes(Arrival([run(10, 12)]), tape, []) == Changes()


def test_a_gap_splits_where_it_is_filled_in_part() -> None:
    gap = LedgerGap(7, hole(2, 9), hole(2, 9))
    found = changes(Arrival([run(5, 5)], stored=[5]), Ends(1, at(1), 10, at(10)), [gap])
    assert [(rest.missing.span, rest.found.span) for rest in found.shrunk] == [((2, 4), (2, 5))]
    assert [(rest.missing.span, rest.found.span) for rest in found.split] == [((6, 9), (6, 9))]
    assert (found.opened, found.closed, found.filled) == ([], [], {7: 1})


def test_a_contradicted_tick_fills_nothing() -> None:
    gap = LedgerGap(7, hole(3, 4), hole(3, 4))
    arrival = Arrival([run(2, 3)], claimed=[(2, 3)], kept=[(2, 2)])
    assert changes(arrival, Ends(1, at(1), 5, at(5)), [gap]) == Changes()


def test_a_batch_beyond_two_noted_gaps_opens_what_lies_between() -> None:
    noted = [LedgerGap(1, hole(5, 8), hole(5, 8)), LedgerGap(2, hole(12, 14), hole(12, 14))]
    found = changes(Arrival([run(1, 2), run(20, 20)]), None, noted)
    assert [missing.span for missing in found.opened] == [(3, 4), (9, 11), (15, 19)]
