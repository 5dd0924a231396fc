"""The tape of some symbols over one connection, with all that is ever written to it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from ..exchange.messages import Tick
from ..patience import patient
from ..sql import statement
from .ledger import Hole
from .statements import (
    FAILED,
    HEARTBEAT,
    NEWEST,
    REGISTER,
    SILENCE,
    TAKE_REGISTERING,
    TRIED,
)
from .store import Stored, fill, lock, refold, store, tell

__all__ = ["Hole", "Newest", "Pruned", "Stored", "Tape"]

# Readers that come meanwhile wait behind whoever wants to change the view: for no longer than this.
VIEW_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10ms'"

NOTE, VOID, PRUNE, PRUNABLE = map(
    statement, ("write/note_gaps", "write/void_gaps", "write/prune", "read/prunable")
)


class Newest(NamedTuple):
    """The last raw trade on the tape, and the instant of its tick."""

    last: int
    traded: datetime


class Pruned(NamedTuple):
    """Ticks that a step of pruning took, made between two instants, None when it took none.

    The tape is kept from raw trade `kept` on; None when there is no tick that would have to go.
    """

    ticks: int
    starts: datetime | None
    ends: datetime | None
    kept: int | None


class Tape:
    """Writes to the tape over one connection. Any method raises one of AWAY when the database is away.

    A method that meets a lock which somebody holds for seconds says so in the log and tries again.
    """

    def __init__(self, database: psycopg.Connection) -> None:
        self.database = database
        self.numbers: dict[str, int] = {}

    @patient
    def register(self, names: Sequence[str]) -> None:
        """Give each symbol a number, the one it has or a new one."""
        with self.database.transaction():
            self.database.execute(TAKE_REGISTERING)
            self.database.execute(REGISTER, {"names": list(names)})
        found = self.database.execute(
            "SELECT name, id FROM prices_symbol WHERE name = ANY(%s)", [list(names)]
        )
        self.numbers = dict(found.fetchall())

    def refresh_view(self) -> bool:
        """Give new symbols branches of their own in the view `prices`. Whether it was possible.

        It is not waited for: while somebody reads the view, or we may not change it, it is left as
        it is.
        """
        try:
            with self.database.transaction():
                self.database.execute(VIEW_LOCK_TIMEOUT)
                self.database.execute("SELECT prices_view_refresh()")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege):
            return False
        return True

    @patient
    def store(self, ticks: Sequence[Tick], source: str = "stream") -> Stored:
        """Store ticks of registered symbols, in one transaction. Safe to repeat when the outcome is not known."""
        return store(self.database, self.numbers, ticks, source)

    @patient
    def fill(self, symbol: str, ticks: Sequence[Tick]) -> Stored:
        """Store those ticks of a symbol from REST, in order of trade id, that lie within its open gaps."""
        return fill(self.database, self.numbers, ticks, source="rest")

    @patient
    def void(self, symbol: str, first: int, last: int) -> int:
        """Close the gaps within these raw trade ids: the exchange has proven that no trade bears them. How many there were."""
        with self.database.transaction():
            lock(self.database, {self.numbers[symbol]})
            ids = {"symbol": self.numbers[symbol], "first": first, "last": last}
            return self._number(self.database.execute(VOID, ids))

    @patient
    def note(self, symbol: str, holes: Sequence[Hole]) -> int:
        """Write holes that were found on the tape into the gap ledger, as far as it does not know them. How many rows it took."""
        first, last, starts, ends = map(list, zip(*holes, strict=True)) if holes else ([],) * 4
        columns = {"first": first, "last": last, "starts": starts, "ends": ends}
        with self.database.transaction():
            lock(self.database, {self.numbers[symbol]})
            return self.database.execute(NOTE, columns | {"symbol": self.numbers[symbol]}).rowcount

    @patient
    def refold(self, symbol: str, minutes: Sequence[datetime]) -> int:
        """Make the candles of some minutes from their ticks alone. How many were changed, made or taken away."""
        with self.database.transaction():
            lock(self.database, {self.numbers[symbol]})
            changed = refold(self.database, self.numbers[symbol], minutes)
            tell(self.database, {self.numbers[symbol]})
            return changed

    @patient
    def prune(self, symbol: str, cutoff: datetime, limit: int) -> Pruned:
        """Take off the tape some of the oldest ticks that no answer from an instant on needs; none when there are no more."""
        wanted = {"symbol": self.numbers[symbol], "cutoff": cutoff, "start": 0, "most": limit}
        with self.database.transaction():
            # What a crash undoes is pruned again: nobody need wait for the disk while this holds the lock.
            self.database.execute("SET LOCAL synchronous_commit = off")
            lock(self.database, {self.numbers[symbol]})
            return Pruned(*self.database.execute(PRUNE, wanted).fetchall()[0])

    @patient
    def prunable(self, symbol: str, cutoff: datetime, start: int, limit: int) -> Pruned:
        """What `prune` would take from raw trade id `start` on."""
        wanted = {"symbol": self.numbers[symbol], "cutoff": cutoff, "start": start, "most": limit}
        return Pruned(*self.database.execute(PRUNABLE, wanted).fetchall()[0])

    @patient
    def tried(self, gap: int) -> None:
        """Note in the ledger that the exchange is asked for a gap."""
        self.database.execute(TRIED, {"gap": gap})

    @patient
    def failed(self, gap: int, error: str) -> None:
        """Note in the ledger why it was asked in vain."""
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
        """Claim that all trades of some symbols before an instant of the exchange's clock are on
        the tape.

        `lag` is that of the newest commit, None before the first. `known` is what the exchange's
        clock is known to show; a claim past that, whoever made it, is lowered to this one. None:
        no claim is lowered.
        """
        symbols = [self.numbers[name] for name in names]
        beat = {"through": through, "lag": lag, "symbols": symbols, "known": known}
        self.database.execute(HEARTBEAT, beat, prepare=True)

    @patient
    def silence(self, names: Iterable[str] | None = None) -> None:
        """Vouch no longer for some symbols, or for any: what comes of them may be missing unnoticed."""
        chosen = self.numbers if names is None else names
        self.database.execute(SILENCE, {"symbols": [self.numbers[name] for name in chosen]})

    @staticmethod
    def _number(done: psycopg.Cursor) -> int:
        return int(done.fetchall()[0][0])

    def close(self) -> None:
        self.database.close()
