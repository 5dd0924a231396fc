"""What a batch of ticks does to the gaps of one symbol: arithmetic on trade ids. No SQL, no Django, no clock."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from ..intervals import Span, joined, without


class Hole(NamedTuple):
    """Trades `first` to `last` of a symbol, both missing, made between two instants, both included."""

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
    """Where a tape begins and ends: its first and last trade, and the instants of the ticks that hold them."""

    first: int
    starts: datetime
    last: int
    ends: datetime


class OpenGap(NamedTuple):
    """A row of the gap ledger: what is missing of it now, and what was missing when it was found."""

    id: int
    missing: Hole
    found: Hole


class Rest(NamedTuple):
    """What is left of a gap that was filled in part: one of its pieces, and the share of what was found that goes with it."""

    gap: int
    missing: Hole
    found: Hole


@dataclass
class Changes:
    """To be written into the ledger.

    `opened`: missing trades that nobody knew to be missing. `shrunk`: the first piece left of a gap, which keeps its row;
    `split`: its further pieces, which get rows of their own. `closed`: gaps of which nothing is missing any more.
    `filled`: how many new ticks lie in each of the gaps that have shrunk or are closed.
    """

    opened: list[Hole] = field(default_factory=list)
    shrunk: list[Rest] = field(default_factory=list)
    split: list[Rest] = field(default_factory=list)
    closed: list[OpenGap] = field(default_factory=list)
    filled: dict[int, int] = field(default_factory=dict)


@dataclass
class Arrival:
    """What a batch brings of one symbol, where its tape is kept.

    `runs` are in no order, and may overlap. A contradicted tick proves nothing of the trades that it claims: `claimed`
    are these, `kept` those of the ticks that stand on the tape under the same ids. `stored`: the first trades of the
    ticks that are new.
    """

    runs: list[Run] = field(default_factory=list)
    claimed: Sequence[Span] = ()
    kept: Sequence[Span] = ()
    stored: list[int] = field(default_factory=list)


def changes(arrival: Arrival, tape: Ends | None, gaps: Sequence[OpenGap]) -> Changes:
    """What a batch changes, given the tape and its open gaps as they were before; `tape` is None when there was no tick.

    Of `gaps` those may be left out that lie wholly between the tape's ends and hold no trade of the batch.
    """
    if is_next(arrival, tape) and not gaps:
        return Changes()
    held = joined(
        [*without(joined(run[:2] for run in arrival.runs), joined(arrival.claimed)), *arrival.kept]
    )
    instants = Instants(arrival.runs)
    found = Changes()
    stored = sorted(arrival.stored)
    for gap in gaps:
        touching = those_within(held, gap.missing.span)
        if touching:
            take(
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
    """The batch goes on where the tape ends, as nearly every one does."""
    return (
        tape is not None
        and len(arrival.runs) == 1
        and arrival.runs[0].first == tape.last + 1
        and not arrival.claimed
    )


def suspects(runs: Sequence[Run], tape: Ends | None) -> Iterator[Hole]:
    """Where a batch passes over trades that may be missing, between the instants that are known at least."""
    begins, last_begins = min(run.first for run in runs), max(run.first for run in runs)
    earliest, latest = min(run.starts for run in runs), max(run.ends for run in runs)
    # Between the newest tick and the batch, and within the batch.
    after = tape.last + 1 if tape else begins
    if after < last_begins:
        yield Hole(after, last_begins - 1, tape.ends if tape else earliest, latest)
    # Between the batch and the first tick, when the batch comes from before recording began.
    if tape and begins < tape.first:
        yield Hole(begins, tape.first - 1, earliest, tape.starts)


class Instants:
    """The instants of the ticks at the ends of some runs."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._begun: dict[int, datetime] = {}
        self._ended: dict[int, datetime] = {}
        for run in runs:
            self._begun[run.first] = min(run.starts, self._begun.get(run.first, run.starts))
            self._ended[run.last] = max(run.ends, self._ended.get(run.last, run.ends))

    def pieces(self, whole: Hole, pieces: Iterable[Span]) -> Iterator[Hole]:
        """Pieces of missing trades: each between the ticks on either side, or else between the ends of the whole."""
        for first, last in pieces:
            starts = self._ended.get(first - 1, whole.starts)
            ends = self._begun.get(last + 1, whole.ends)
            # Trade times may step back where ids go on.
            yield Hole(first, last, min(starts, ends), max(starts, ends))


def those_within(spans: Sequence[Span], window: Span) -> Sequence[Span]:
    """The spans, of some in order, that share an id with a window."""
    start = bisect_left(spans, window[0], key=itemgetter(1))
    return spans[start : bisect_right(spans, window[1], key=itemgetter(0))]


def take(found: Changes, gap: OpenGap, pieces: Sequence[Hole]) -> None:
    """A gap of which only these pieces are left. Each takes over what was filled between it and the next one."""
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
            found.shrunk.append(Rest(gap.id, piece, share))
        else:
            share = Hole(piece.first, last, piece.starts, max(piece.ends, ends))
            found.split.append(Rest(gap.id, piece, share))
