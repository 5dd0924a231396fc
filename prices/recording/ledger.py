"""What a batch of ticks does to the gaps of one symbol. Pure: no SQL, no Django, no clock."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from ..intervals import Span, joined, without


class Hole(NamedTuple):
    """Missing trades of one symbol.

    first, last: their ids, both included.
    starts, ends: the instants between which they were traded, both included; UTC.
    """

    first: int
    last: int
    starts: datetime
    ends: datetime

    @property
    def span(self) -> Span:
        return self.first, self.last


class Run(NamedTuple):
    """Trades `first` to `last`, in ticks each of which begins where the one before ended.

    `starts` and `ends` are the instants of its first and of its last tick.
    """

    first: int
    last: int
    starts: datetime
    ends: datetime


class Ends(NamedTuple):
    """The first and last trade id of a tape.

    starts, ends: the instants of the ticks that hold them.
    """

    first: int
    starts: datetime
    last: int
    ends: datetime


class LedgerGap(NamedTuple):
    """An open row of the gap ledger: what is missing now, and what was when it was found."""

    id: int
    missing: Hole
    found: Hole


class GapRemainder(NamedTuple):
    """A part of a gap that is left after the gap was filled in part.

    gap: the id of its row.
    missing: the trades that are still missing.
    found: its share of what was missing when the gap was found.
    """

    gap: int
    missing: Hole
    found: Hole


@dataclass
class Changes:
    """The changes to write into the ledger.

    opened: trades that were not known to be missing.
    shrunk: the first remaining part of a gap, which keeps its row.
    split: further remaining parts, which get rows of their own.
    closed: gaps of which nothing is missing any more.
    filled: how many new ticks lie in each shrunk or closed gap, by its id.
    """

    opened: list[Hole] = field(default_factory=list)
    shrunk: list[GapRemainder] = field(default_factory=list)
    split: list[GapRemainder] = field(default_factory=list)
    closed: list[LedgerGap] = field(default_factory=list)
    filled: dict[int, int] = field(default_factory=dict)


@dataclass
class Arrival:
    """What a batch contains of one symbol, from where its tape is kept.

    runs: in no order; they may overlap.
    claimed: trade ids of ticks that contradict the tape. They prove nothing about these ids.
    kept: trade ids of the ticks that the tape has in their place.
    stored: the first trade ids of the new ticks.
    """

    runs: list[Run] = field(default_factory=list)
    claimed: Sequence[Span] = ()
    kept: Sequence[Span] = ()
    stored: list[int] = field(default_factory=list)


def changes(arrival: Arrival, tape: Ends | None, gaps: Sequence[LedgerGap]) -> Changes:
    """What a batch changes in the ledger.

    tape: before the batch; None when it had no tick.
    gaps: the open gaps before the batch. Those between the ends of the tape in which the batch has
    no trade may be left out.
    """
    if is_next(arrival, tape) and not gaps:
        return Changes()
    held = joined(
        [*without(joined(run[:2] for run in arrival.runs), joined(arrival.claimed)), *arrival.kept]
    )
    instants = RunInstants(arrival.runs)
    found = Changes()
    stored = sorted(arrival.stored)
    for gap in gaps:
        touching = those_within(held, gap.missing.span)
        if touching:
            shrink(
                found,
                gap,
                list(instants.pieces(gap.missing, without([gap.missing.span], touching))),
            )
            span = gap.missing.span
            found.filled[gap.id] = bisect_right(stored, span[1]) - bisect_left(stored, span[0])
    known = joined([*held, *(gap.missing.span for gap in gaps)])
    for suspect in suspects(arrival.runs, tape):
        found.opened += instants.pieces(suspect, without([suspect.span], known))
    return found


def is_next(arrival: Arrival, tape: Ends | None) -> bool:
    """Whether the batch continues exactly where the tape ends, as nearly every batch does."""
    return (
        tape is not None
        and len(arrival.runs) == 1
        and arrival.runs[0].first == tape.last + 1
        and not arrival.claimed
    )


def suspects(runs: Sequence[Run], tape: Ends | None) -> Iterator[Hole]:
    """The ranges that a batch skips, in which trades may be missing, with their widest instants."""
    begins, last_begins = min(run.first for run in runs), max(run.first for run in runs)
    earliest, latest = min(run.starts for run in runs), max(run.ends for run in runs)
    # After the newest tick: before the batch, and within it.
    after = tape.last + 1 if tape else begins
    if after < last_begins:
        yield Hole(after, last_begins - 1, tape.ends if tape else earliest, latest)
    # Before the first tick, when the batch is older than the tape.
    if tape and begins < tape.first:
        yield Hole(begins, tape.first - 1, earliest, tape.starts)


class RunInstants:
    """The instants at which some runs begin and end, to be found by trade id."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._begun: dict[int, datetime] = {}
        self._ended: dict[int, datetime] = {}
        for run in runs:
            self._begun[run.first] = min(run.starts, self._begun.get(run.first, run.starts))
            self._ended[run.last] = max(run.ends, self._ended.get(run.last, run.ends))

    def pieces(self, whole: Hole, pieces: Iterable[Span]) -> Iterator[Hole]:
        """Parts of a hole, each with the instants of the ticks on either side.

        On a side where there is no such tick, the instant is that of the whole hole.
        """
        for first, last in pieces:
            starts = self._ended.get(first - 1, whole.starts)
            ends = self._begun.get(last + 1, whole.ends)
            # Trade times may step back.
            yield Hole(first, last, min(starts, ends), max(starts, ends))


def those_within(spans: Sequence[Span], window: Span) -> Sequence[Span]:
    """The spans, of some given in order, that share an id with a window."""
    start = bisect_left(spans, window[0], key=itemgetter(1))
    return spans[start : bisect_right(spans, window[1], key=itemgetter(0))]


def shrink(found: Changes, gap: LedgerGap, pieces: Sequence[Hole]) -> None:
    """Record that only these parts of a gap are left.

    The share of each part in what was found reaches to the next part.
    """
    if not pieces:
        found.closed.append(gap)
    for number, piece in enumerate(pieces):
        last, ends = gap.found.last, gap.found.ends
        if number + 1 < len(pieces):
            last, ends = pieces[number + 1].first - 1, pieces[number + 1].starts
        if number == 0:
            share = Hole(
                gap.found.first, last, min(gap.found.starts, piece.starts), max(piece.ends, ends)
            )
            found.shrunk.append(GapRemainder(gap.id, piece, share))
        else:
            share = Hole(piece.first, last, piece.starts, max(piece.ends, ends))
            found.split.append(GapRemainder(gap.id, piece, share))
