"""Everything that is written to the tape of some symbols, over one database connection."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from ..exchange.messages import AggTrade
from ..minutes import minute_number
from ..patience import patient
from ..sql import statement
from .coarse_candles import keep
from .ledger import Hole
from .store import Stored, fill, lock, refold, store, tell

__all__ = ["Hole", "Newest", "Pruned", "Stored", "Tape"]

REGISTER, HEARTBEAT, WITHDRAW, NEWEST = map(
    statement, ("write/register", "write/heartbeat", "write/withdraw", "read/newest_tick")
)
NOTE, VOID, TRIED, FAILED = map(
    statement,
    ("write/note_gaps", "write/void_gaps", "write/attempt_at_gap", "write/failure_of_gap"),
)
PRUNE, PRUNABLE = map(statement, ("write/prune", "read/prunable"))

# The advisory lock for registering symbols. The number is arbitrary, but all must use the same.
REGISTERING = 0x7072_6963_6573
TAKE_REGISTERING = "SELECT pg_advisory_xact_lock(%(lock)s)"


class Newest(NamedTuple):
    """The last trade id of a tape, and the instant of its tick, UTC."""

    last: int
    traded: datetime


class Pruned(NamedTuple):
    """One step of pruning.

    ticks: how many were deleted, or would be.
    starts, ends: the instants of the earliest and the latest of them; None without any.
    kept: the first trade id that is kept then; None when no tick is old enough.
    """

    ticks: int
    starts: datetime | None
    ends: datetime | None
    kept: int | None


class Tape:
    """`numbers`: the number of each registered symbol.

    Every method raises one of AWAY when the database is unavailable. A method that waits for a lock
    for seconds logs who holds it, and tries again.
    """

    def __init__(self, database: psycopg.Connection) -> None:
        self.database = database
        self.numbers: dict[str, int] = {}

    @patient
    def register(self, names: Sequence[str]) -> None:
        """Look up the number of each symbol; new symbols get one."""
        with self.database.transaction():
            self.database.execute(TAKE_REGISTERING, {"lock": REGISTERING})
            self.database.execute(REGISTER, {"names": list(names)})
        found = self.database.execute(
            "SELECT name, id FROM prices_symbol WHERE name = ANY(%s)", [list(names)]
        )
        self.numbers = dict(found.fetchall())

    @patient
    def store(self, ticks: Sequence[AggTrade], source: str = "stream") -> Stored:
        """Store ticks of registered symbols, in one transaction.

        Safe to repeat when the outcome is not known.
        """
        return store(self.database, self.numbers, ticks, source)

    @patient
    def fill(self, symbol: str, ticks: Sequence[AggTrade]) -> Stored:
        """Store those ticks of a symbol from REST that lie within its open gaps.

        ticks: in order of trade id.
        """
        return fill(self.database, self.numbers, ticks, source="rest")

    @patient
    def void(self, symbol: str, first: int, last: int) -> int:
        """Close the gaps within these trade ids as void: they never existed. Returns how many."""
        with self.database.transaction():
            lock(self.database, {self.numbers[symbol]})
            ids = {"symbol": self.numbers[symbol], "first": first, "last": last}
            return self._number(self.database.execute(VOID, ids))

    @patient
    def note(self, symbol: str, holes: Sequence[Hole]) -> int:
        """Add missing trades to the gap ledger, as far as it does not have them.

        Returns how many rows were added.
        """
        first, last, starts, ends = map(list, zip(*holes, strict=True)) if holes else ([],) * 4
        columns = {"first": first, "last": last, "starts": starts, "ends": ends}
        with self.database.transaction():
            lock(self.database, {self.numbers[symbol]})
            return self.database.execute(NOTE, columns | {"symbol": self.numbers[symbol]}).rowcount

    @patient
    def refold(self, symbol: str, minutes: Sequence[datetime]) -> int:
        """Compute the candles of some minutes again from their ticks alone.

        Returns how many candles were changed, created or deleted.
        """
        with self.database.transaction():
            lock(self.database, {self.numbers[symbol]})
            changed = refold(self.database, self.numbers[symbol], minutes)
            tell(self.database, {self.numbers[symbol]})
            return changed

    @patient
    def keep_coarse(self, symbol: str, starts: Sequence[datetime], width: int) -> int:
        """Make the coarse candles of some intervals, `width` minutes each, again from the minutes.

        Returns how many coarse candles of any width were changed, created or deleted.
        """
        number = self.numbers[symbol]
        spans = [(first, first + width - 1) for first in map(minute_number, starts)]
        with self.database.transaction():
            lock(self.database, {number})
            return keep(self.database, {number: spans})

    @patient
    def prune(self, symbol: str, cutoff: datetime, limit: int) -> Pruned:
        """Delete up to `limit` of the oldest ticks that no answer from `cutoff` on needs."""
        wanted = {"symbol": self.numbers[symbol], "cutoff": cutoff, "start": 0, "most": limit}
        with self.database.transaction():
            # A crash may undo it, and then it is pruned again: do not wait for the disk while
            # holding the lock.
            self.database.execute("SET LOCAL synchronous_commit = off")
            lock(self.database, {self.numbers[symbol]})
            return Pruned(*self.database.execute(PRUNE, wanted).fetchall()[0])

    @patient
    def prunable(self, symbol: str, cutoff: datetime, start: int, limit: int) -> Pruned:
        """What `prune` would delete, from trade id `start` on."""
        wanted = {"symbol": self.numbers[symbol], "cutoff": cutoff, "start": start, "most": limit}
        return Pruned(*self.database.execute(PRUNABLE, wanted).fetchall()[0])

    @patient
    def tried(self, gap: int) -> None:
        """Count an attempt at a gap in the ledger."""
        self.database.execute(TRIED, {"gap": gap})

    @patient
    def failed(self, gap: int, error: str) -> None:
        """Store in the ledger why an attempt at a gap failed."""
        self.database.execute(FAILED, {"gap": gap, "error": error})

    @patient
    def newest(self, symbol: str) -> Newest | None:
        """The newest tick of a symbol, by trade id; None when it has none."""
        found = self.database.execute(NEWEST, {"symbol": self.numbers[symbol]}).fetchone()
        return Newest(*found) if found else None

    @patient
    def heartbeat(
        self,
        names: Iterable[str],
        through: datetime,
        lag: timedelta | None = None,
        known: datetime | None = None,
    ) -> None:
        """Write the watermark of some symbols: all of their trades before it are on the tape.

        through: the watermark, by the exchange's clock.
        lag: of the newest commit; None before the first.
        known: the exchange's time as far as it is known. Watermarks later than that are lowered.
        None: none are.
        """
        symbols = [self.numbers[name] for name in names]
        beat = {"through": through, "lag": lag, "symbols": symbols, "known": known}
        self.database.execute(HEARTBEAT, beat, prepare=True)

    @patient
    def withdraw(self, names: Iterable[str] | None = None) -> None:
        """Withdraw the watermarks of some symbols, or of all registered ones."""
        chosen = self.numbers if names is None else names
        self.database.execute(WITHDRAW, {"symbols": [self.numbers[name] for name in chosen]})

    @staticmethod
    def _number(done: psycopg.Cursor) -> int:
        return int(done.fetchall()[0][0])

    def close(self) -> None:
        self.database.close()
