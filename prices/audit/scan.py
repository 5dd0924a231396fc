"""Looks at the rows of one symbol: each of a bounded number of ticks, in a snapshot, and without a lock."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, LiteralString

import psycopg

from ..minutes import MINUTE, minute_start
from ..patience import patiently
from ..sql import statement
from .candle_clusters import PrunedCandle
from .scan_rows import Difference, Evidence, Folded, KeptFrom, LedgerRow, Stretch, Suspect, Totals

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
KEPT, KEPT_FROM, HISTORY, CANDLES, MINUTES, NEXT_MINUTE, TORN = map(
    statement,
    (
        "audit/kept",
        "audit/kept_from",
        "audit/history",
        "audit/candles",
        "audit/minutes",
        "audit/next_minute",
        "audit/torn",
    ),
)

# Beyond the trade ids of any symbol, and below what SQL can add a number of trades to.
BEYOND = 1 << 62

# Before all trade ids.
BEFORE_ALL = -1

# Trade ids that one look walks through. It takes a fifth of a second, and findings of 50 MB at the very worst.
IDS = 1 << 19

# A snapshot, so that what a recorder stores meanwhile is seen as a whole or not at all. The scan in the order of the key is
# chosen even where the rows lie scattered: a sort of so many ticks would go through files.
SNAPSHOT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL enable_sort = off;
SET LOCAL plan_cache_mode = force_custom_plan;
"""

# As reading takes them; taken before the snapshot is, so that waiting for them makes it no older.
LOCK = """
LOCK TABLE prices_symbol, prices_price, prices_candle, prices_gap IN ACCESS SHARE MODE
"""


class Scan:
    def __init__(self, database: psycopg.Connection[Any], symbol: int, ids: int = IDS) -> None:
        self.database = database
        self._ids = ids
        self.symbol = symbol

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All looks in it see the tape as it was at one instant."""
        with patiently(self.database, "read the tape", self._begin):
            yield

    def _begin(self) -> ExitStack:
        with ExitStack() as stack:
            stack.enter_context(self.database.transaction())
            self.database.execute(SNAPSHOT)
            self.database.execute(LOCK)
            return stack.pop_all()

    def ask(self, sql: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        # Never prepared: a plan that was made for other bounds would be a plan for other amounts.
        found = self.database.execute(sql, {"symbol": self.symbol, **parameters}, prepare=False)
        return found.fetchall()

    def first_tick(self, after: int) -> int | None:
        """The first trade of the first tick after a trade id."""
        found = self.ask(FIRST_TICK, after=after)
        return found[0][0] if found else None

    def when(self, first: int) -> datetime | None:
        """When the tick was made whose first trade has an id."""
        found = self.ask(WHEN, first=first)
        return found[0][0] if found else None

    def kept(self) -> KeptFrom | None:
        """Where ticks are kept from; None when none were pruned, or none are left."""
        found = self.ask(KEPT)
        return KeptFrom(*found[0]) if found else None

    def kept_from(self) -> int:
        """The first raw trade id that pruning has left; 0 when it never was at work."""
        ((found,),) = self.ask(KEPT_FROM)
        return found  # type: ignore[no-any-return]

    def history(self, start: datetime, kept: int, limit: int) -> list[PrunedCandle]:
        """Candles from a minute on that begin before raw trade id `kept`."""
        return [
            PrunedCandle(*row) for row in self.ask(HISTORY, start=start, kept=kept, limit=limit)
        ]

    def walk(self, seen: int, reach: int | None) -> Stretch | None:
        """The ticks from the one after `seen` on; None when there are no more."""
        first = self.first_tick(seen)
        if first is None:
            return None
        stop = min(first + self._ids - 1, BEYOND)
        (numbers,) = self.ask(TOTALS, seen=seen, stop=stop)
        totals = Totals(*numbers)
        suspects = self.ask(WALK, seen=seen, stop=stop, reach=reach)
        return Stretch(
            totals._replace(reach=max(totals.reach, reach or 0)),
            [Suspect(*row) for row in suspects],
        )

    def ledger(self, first: int, last: int) -> list[LedgerRow]:
        """What the gap ledger says of some trade ids."""
        return [LedgerRow(*row) for row in self.ask(GAPS, first=first, last=last)]

    def evidence(self, first: int, reach: int) -> Evidence | None:
        """What candles know of trades before id `first`, and from id `reach` on."""
        found = self.ask(ENDS, first=first, reach=reach)
        if not found:
            return None
        lowest, starts, highest, ends = found[0]
        return Evidence(lowest, starts, highest, ends)

    def next_minute(self, start: datetime) -> datetime | None:
        """The first minute from `start` on in which there is a tick or a candle."""
        ((found,),) = self.ask(NEXT_MINUTE, start=start)
        return found  # type: ignore[no-any-return]

    def candles(self, start: datetime, stop: datetime) -> tuple[int, int, list[Difference]]:
        """How many minutes and ticks there are between two instants, and the candles that are not what the ticks make."""
        rows = self.ask(CANDLES, start=start, stop=stop)
        minutes, ticks, *_ = rows[0]
        return minutes, int(ticks), [difference(*row[2:]) for row in rows if row[2] is not None]

    def minutes(self, start: datetime, stop: datetime) -> dict[datetime, Folded]:
        """The candles that the ticks between two instants make."""
        return {minute: Folded(*row) for minute, *row in self.ask(MINUTES, start=start, stop=stop)}

    def whole_minutes(self) -> tuple[datetime, datetime] | None:
        """From the second minute of the tape on to before its last: those in which recording neither began nor ended."""
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
        """Those minutes that an open gap touches, and of which ticks were pruned."""
        return {minute for (minute,) in self.ask(TORN, minutes=list(minutes))}


def difference(minute: datetime, is_made: bool, *columns: Any) -> Difference:
    size = len(Folded._fields)
    is_kept, missing = columns[size], columns[-1]
    return Difference(
        minute,
        Folded(*columns[:size]) if is_made else None,
        Folded(*columns[size + 1 : -1]) if is_kept else None,
        int(missing or 0),
    )
