"""What the gap ledger says, held against what is missing on the tape. No database."""

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
    """Holes that the ledger knows and holes that it does not; how many ids are void; rows that claim what is not so."""

    known: list[Hole]
    unknown: list[Hole]
    void: int
    false: list[LedgerRow]


def judge(
    window: Span, absent: Sequence[Span], holes: Sequence[Hole], rows: Sequence[LedgerRow]
) -> Judgement:
    """Of the ids in `window` no tick holds those `absent`, and trades bore those in `holes`, unless they are void.

    `rows` are those of the ledger that touch the window, by their first id.
    """
    opened = [row for row in rows if row.status == OPEN]
    missing = joined(row.span for row in opened)
    void = joined(row.span for row in rows if row.status == VOID)
    spans = [(hole.first, hole.last) for hole in holes]
    return Judgement(
        known=[known(piece, opened) for piece in common(absent, missing)],
        unknown=cut(holes, without(without(spans, missing), void)),
        void=size(without(common(absent, void), missing)),
        false=[row for row in rows if not is_within(row, window, absent)],
    )


def known(piece: Span, opened: Sequence[LedgerRow]) -> Hole:
    """With the instants that the ledger has of it."""
    n = bisect_right(opened, piece[0], key=attrgetter("first")) - 1
    return Hole(*piece, opened[n].starts, opened[n].ends)


def cut(holes: Sequence[Hole], pieces: Sequence[Span]) -> list[Hole]:
    """Pieces of holes, with the instants of the hole that each is from."""
    firsts = [hole.first for hole in holes]
    return [
        holes[bisect_right(firsts, first) - 1]._replace(first=first, last=last)
        for first, last in pieces
    ]


def is_within(row: LedgerRow, window: Span, absent: Sequence[Span]) -> bool:
    """As far as a row is in the window, no tick holds any of its trades: then one stretch holds none of them."""
    first, last = max(row.first, window[0]), min(row.last, window[1])
    n = bisect_right(absent, first, key=itemgetter(0)) - 1
    return n >= 0 and absent[n][1] >= last
