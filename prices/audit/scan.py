"""Reads the rows of one symbol for the audit: in snapshots, a bounded number of ticks at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..folded_candle import FoldedCandle
from ..minutes import MINUTE, minute_start
from ..recording.tape import Tape
from ..sql import statement
from .candle_clusters import PrunedCandle
from .scan_rows import (
    Difference,
    Evidence,
    KeptFrom,
    LedgerRow,
    ScannedTicks,
    Suspect,
    Totals,
)
from .tape_snapshot import TapeSnapshot

WALK, TOTALS, FIRST_TICK, WHEN, ENDS, EXTENT, GAPS = map(
    statement,
    (
        "audit/walk",
        "audit/totals",
        "audit/first_tick",
        "audit/when",
        "audit/ends",
        "audit/extent",
        "audit/gaps",
    ),
)
KEPT, KEPT_FROM, HISTORY, CANDLES, MINUTES, NEXT_MINUTE, TORN, COARSE, NEXT_COARSE = map(
    statement,
    (
        "audit/kept",
        "audit/kept_from",
        "audit/history",
        "audit/candles",
        "audit/minutes",
        "audit/next_minute",
        "audit/torn",
        "audit/coarse_candles",
        "audit/next_coarse",
    ),
)

# Greater than any trade id; adding a number of trades to it does not overflow in SQL.
BEYOND = 1 << 62

# Less than any trade id.
BEFORE_ALL = -1

# Trade ids per query: it takes a fifth of a second, and returns 50 MB at the very worst.
IDS = 1 << 19


class Scan(TapeSnapshot):
    """Queries about one symbol, `ids` trade ids at a time. Call the others within `snapshot()`.

    symbol: its number in the database.
    """

    def __init__(self, tape: Tape, name: str, ids: int = IDS) -> None:
        super().__init__(tape, name)
        self._ids = ids
        self._name = name

    def first_tick(self, after: int) -> int | None:
        """The first trade id of the first tick after trade id `after`; None when there is none."""
        found = self.ask(FIRST_TICK, after=after)
        return found[0][0] if found else None

    def when(self, first: int) -> datetime | None:
        """The instant of the tick whose first trade id is `first`; None when there is none."""
        found = self.ask(WHEN, first=first)
        return found[0][0] if found else None

    def kept(self) -> KeptFrom | None:
        """Where pruning has stopped; None when none were pruned, or none are left."""
        found = self.ask(KEPT)
        return KeptFrom(*found[0]) if found else None

    def kept_from(self) -> int:
        """The first trade id that pruning has kept; 0 when nothing was pruned."""
        ((found,),) = self.ask(KEPT_FROM)
        return found  # type: ignore[no-any-return]

    def history(self, start: datetime, kept: int, limit: int) -> list[PrunedCandle]:
        """Candles from minute `start` on whose first trade id is less than `kept`, by minute."""
        return [
            PrunedCandle(*row) for row in self.ask(HISTORY, start=start, kept=kept, limit=limit)
        ]

    def walk(self, seen: int, reach: int | None) -> ScannedTicks | None:
        """The ticks after the one with first trade id `seen`; None when there are no more.

        reach: the trade id that should come next; None at the beginning.
        """
        first = self.first_tick(seen)
        if first is None:
            return None
        stop = min(first + self._ids - 1, BEYOND)
        (numbers,) = self.ask(TOTALS, seen=seen, stop=stop)
        totals = Totals(*numbers)
        suspects = self.ask(WALK, seen=seen, stop=stop, reach=reach)
        return ScannedTicks(
            totals._replace(reach=max(totals.reach, reach or 0)),
            [Suspect(*row) for row in suspects],
        )

    def ledger(self, first: int, last: int) -> list[LedgerRow]:
        """The open and void rows of the gap ledger that touch trade ids `first` to `last`."""
        return [LedgerRow(*row) for row in self.ask(GAPS, first=first, last=last)]

    def evidence(self, first: int, reach: int) -> Evidence | None:
        """The trades that candles count before id `first`, or from id `reach` on.

        None when there are none.
        """
        found = self.ask(ENDS, first=first, reach=reach)
        if not found:
            return None
        lowest, starts, highest, ends = found[0]
        return Evidence(lowest, starts, highest, ends)

    def next_minute(self, start: datetime) -> datetime | None:
        """The first minute from `start` on that has a tick or a candle; None when none has."""
        ((found,),) = self.ask(NEXT_MINUTE, start=start)
        return found  # type: ignore[no-any-return]

    def candles(self, start: datetime, stop: datetime) -> tuple[int, int, list[Difference]]:
        """How many minutes with ticks, how many ticks, and which candles differ from them.

        The range is half-open.
        """
        rows = self.ask(CANDLES, start=start, stop=stop)
        minutes, ticks, *_ = rows[0]
        return (
            minutes,
            int(ticks),
            [self._difference(*row[2:]) for row in rows if row[2] is not None],
        )

    def next_coarse(self, width: int, start: datetime) -> datetime | None:
        """The first interval of `width` minutes from `start` on that has a minute or a candle."""
        ((found,),) = self.ask(NEXT_COARSE, width=width, start=start)
        return found  # type: ignore[no-any-return]

    def coarse(self, width: int, start: datetime, stop: datetime) -> list[Difference]:
        """The coarse candles of `width` minutes in [start, stop) that differ from their minutes."""
        rows = self.ask(COARSE, width=width, start=start, stop=stop)
        return [self._difference(*row) for row in rows]

    def minutes(self, start: datetime, stop: datetime) -> dict[datetime, FoldedCandle]:
        """The candles that the ticks in [start, stop) make, by minute."""
        rows = self.ask(MINUTES, start=start, stop=stop)
        return {row[0]: FoldedCandle(self._name, *row) for row in rows}

    def whole_minutes(self) -> tuple[datetime, datetime] | None:
        """The minutes that are wholly on the tape, half-open; None without a tick.

        The first and the last minute are not: recording began and ended within them.
        """
        ((first, last),) = self.ask(EXTENT)
        if first is None:
            return None
        return minute_start(first) + MINUTE, minute_start(last)

    def part(self, instant: datetime | None) -> float | None:
        """How far into the tape an instant is, from 0 to 1; None when that means nothing."""
        ((first, last),) = self.ask(EXTENT)
        if instant is None or first is None or first == last:
            return None
        part: float = (instant - first) / (last - first)
        return min(max(part, 0.0), 1.0)

    def torn(self, minutes: Sequence[datetime]) -> set[datetime]:
        """Those of some minutes that an open gap touches, or of which ticks were pruned."""
        return {minute for (minute,) in self.ask(TORN, minutes=list(minutes))}

    def _difference(self, minute: datetime, is_made: bool, *columns: Any) -> Difference:
        # All but symbol and minute.
        size = len(FoldedCandle._fields) - 2
        made, is_kept, kept = columns[:size], columns[size], columns[size + 1 : -1]
        return Difference(
            minute,
            FoldedCandle(self._name, minute, *made) if is_made else None,
            FoldedCandle(self._name, minute, *kept) if is_kept else None,
            missing=int(columns[-1] or 0),
        )
