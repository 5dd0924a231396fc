"""The gap ledger compared with what is missing on the tape. No database."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

from ..intervals import Span, common, joined, size, without
from ..recording.tape import Hole
from .scan_rows import LedgerRow

OPEN, VOID = "open", "void"


@dataclass(frozen=True)
class Judgement:
    """What comparing the ledger with a range of trade ids has shown.

    known: missing ids that the ledger has as open gaps.
    unknown: missing ids that it does not have.
    void: how many of the missing ids it has as void.
    false: its rows that claim ids which are on the tape.
    """

    known: list[Hole]
    unknown: list[Hole]
    void: int
    false: list[LedgerRow]


def judge(
    window: Span, absent: Sequence[Span], holes: Sequence[Hole], rows: Sequence[LedgerRow]
) -> Judgement:
    """Compare the ledger with the trade ids in `window`.

    absent: the ids that no tick holds.
    holes: those that must have existed, unless they are void.
    rows: the rows of the ledger that touch the window, in order of their first id.
    """
    opened = [row for row in rows if row.status == OPEN]
    missing = joined(row.span for row in opened)
    void = joined(row.span for row in rows if row.status == VOID)
    spans = [(hole.first, hole.last) for hole in holes]
    return Judgement(
        known=[known_hole(piece, opened) for piece in common(absent, missing)],
        unknown=cut(holes, without(without(spans, missing), void)),
        void=size(without(common(absent, void), missing)),
        false=[row for row in rows if not is_within(row, window, absent)],
    )


def known_hole(piece: Span, opened: Sequence[LedgerRow]) -> Hole:
    """The missing ids of `piece`, with the instants of the open gap that they belong to."""
    n = bisect_right(opened, piece[0], key=attrgetter("first")) - 1
    return Hole(*piece, opened[n].starts, opened[n].ends)


def cut(holes: Sequence[Hole], pieces: Sequence[Span]) -> list[Hole]:
    """Parts of holes, each with the instants of the hole that it is a part of."""
    firsts = [hole.first for hole in holes]
    return [
        holes[bisect_right(firsts, first) - 1]._replace(first=first, last=last)
        for first, last in pieces
    ]


def is_within(row: LedgerRow, window: Span, absent: Sequence[Span]) -> bool:
    """Whether no tick holds a trade of a row, as far as the row lies in the window.

    Then one of the `absent` ranges contains all of that part.
    """
    first, last = max(row.first, window[0]), min(row.last, window[1])
    n = bisect_right(absent, first, key=itemgetter(0)) - 1
    return n >= 0 and absent[n][1] >= last
