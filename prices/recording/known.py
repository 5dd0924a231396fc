"""What is on the tape already round a batch. Read under the writer locks of its symbols, so that it stays so until the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from ..exchange.messages import Tick
from ..sql import statement
from .batch import Stretch, array, columns
from .ledger import Ends, Hole, OpenGap
from .sorting import Known

TAPE, KNOWN = map(statement, ("write/tape", "write/known"))


@dataclass
class Before:
    """The tape of one symbol as it was before a batch. `ends` is None when there was no tick; `gaps` are those that matter."""

    kept_from: int
    ends: Ends | None
    gaps: list[OpenGap] = field(default_factory=list)

    def is_beyond(self, stretch: Stretch) -> bool:
        """All of its ticks come after those on the tape."""
        return stretch.first >= self.kept_from and (
            self.ends is None or stretch.first > self.ends.last
        )


def tapes(database: psycopg.Connection[Any], stretches: Sequence[Stretch]) -> dict[int, Before]:
    """The tapes of the symbols of some stretches, by symbol number."""
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
    for number, kept_from, *row in database.execute(TAPE, batch, prepare=True).fetchall():
        if number not in found:
            ends = None if row[0] is None else Ends(*row[:4])
            found[number] = Before(kept_from, ends)
        if row[4] is not None:
            found[number].gaps.append(OpenGap(row[4], Hole(*row[5:9]), Hole(*row[9:13])))
    return found


def known(
    database: psycopg.Connection[Any],
    ticks: Sequence[Tick],
    numbers: Mapping[str, int],
    before: Mapping[int, Before],
) -> dict[int, Known]:
    """Those ticks under whose ids the tape holds one, by their place in the batch."""
    places = [
        place
        for place, tick in enumerate(ticks)
        if (ends := before[numbers[tick.symbol]].ends) is not None and tick.first <= ends.last
    ]
    if not places:
        return {}
    asked = columns([ticks[place] for place in places], numbers)
    rows = database.execute(KNOWN, asked, prepare=True).fetchall()
    return {places[nth]: Known(*row) for nth, *row in rows}
