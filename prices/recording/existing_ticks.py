"""Reads what the tape already holds where a batch goes.

The caller holds the writer locks of the symbols, so it stays so until the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import psycopg

from ..exchange.messages import AggTrade
from ..sql import statement
from .batch import Stretch, array, columns
from .batch_sorting import StoredMatch
from .ledger import Ends, Hole, LedgerGap

TAPE, KNOWN, OCCUPIED = map(statement, ("write/tape", "write/known", "write/occupied"))


@dataclass
class Before:
    """The tape of one symbol before a batch.

    kept_from: the first trade id that pruning has kept; 0 when nothing was pruned.
    running: the number of the newest minute that has a candle; None when none has.
    ends: None when there is no tick.
    gaps: the open gaps that the batch may change.
    """

    kept_from: int
    running: int | None
    ends: Ends | None
    gaps: list[LedgerGap] = field(default_factory=list)

    def may_hold(self, trade: int) -> bool:
        """Whether a trade lies where the tape is: neither pruned, nor after its end."""
        return self.ends is not None and self.kept_from <= trade <= self.ends.last

    def is_beyond(self, stretch: Stretch) -> bool:
        """Whether all ticks of the stretch come after those on the tape."""
        return stretch.first >= self.kept_from and (
            self.ends is None or stretch.first > self.ends.last
        )


def tapes(database: psycopg.Connection[Any], stretches: Sequence[Stretch]) -> dict[int, Before]:
    """The tape of each symbol that occurs in some stretches, by symbol number."""
    extents: dict[int, tuple[int, int]] = {}
    for stretch in stretches:
        first, last = extents.get(stretch.symbol, (stretch.first, 0))
        extents[stretch.symbol] = (min(first, stretch.first), max(last, stretch.after - 1))
    batch = {
        "symbol": array(extents),
        "first": array(first for first, _ in extents.values()),
        "last": array(last for _, last in extents.values()),
    }
    found: dict[int, Before] = {}
    for number, kept_from, running, *row in database.execute(TAPE, batch, prepare=True).fetchall():
        if number not in found:
            ends = None if row[0] is None else Ends(*row[:4])
            found[number] = Before(kept_from, running, ends)
        if row[4] is not None:
            found[number].gaps.append(LedgerGap(row[4], Hole(*row[5:9]), Hole(*row[9:13])))
    return found


def known(
    database: psycopg.Connection[Any],
    ticks: Sequence[AggTrade],
    numbers: Mapping[str, int],
    before: Mapping[int, Before],
) -> dict[int, StoredMatch]:
    """The ticks of which the tape already holds a trade, by their index in the batch."""
    places = [
        place
        for place, tick in enumerate(ticks)
        if before[numbers[tick.symbol]].may_hold(tick.first)
    ]
    if not places:
        return {}
    asked = columns([ticks[place] for place in places], numbers)
    rows = database.execute(KNOWN, asked, prepare=True).fetchall()
    return {places[nth]: StoredMatch(*row) for nth, *row in rows}


def are_apart(
    database: psycopg.Connection[Any], batch: Sequence[Stretch], before: Mapping[int, Before]
) -> bool:
    """Whether the tape has no trade of a batch, and the batch none twice, nor a pruned one.

    So it is with history that is older than the tape, or that fills a gap.
    """
    by_id = sorted(batch, key=lambda stretch: (stretch.symbol, stretch.first))
    if any(stretch.first < before[stretch.symbol].kept_from for stretch in by_id) or any(
        one.symbol == other.symbol and one.after > other.first for one, other in pairwise(by_id)
    ):
        return False
    ranges = {
        "symbol": array(stretch.symbol for stretch in by_id),
        "first": array(stretch.first for stretch in by_id),
        "after": array(stretch.after for stretch in by_id),
    }
    ((occupied,),) = database.execute(OCCUPIED, ranges, prepare=True).fetchall()
    return not occupied
