"""The only writer of the tape: a batch is one transaction, under a pen that one writer holds at a time."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from pricetracker.reasons import first

from ..exchange.messages import Tick
from ..patience import patient
from .batch import fitting, lines, minutes_of, parameters, runs_of, spans
from .statements import (
    COPY,
    FAILED,
    FOLLOWED,
    FOLLOWS,
    HEARTBEAT,
    MISSING,
    NEWEST,
    NOTE,
    PRUNABLE,
    PRUNE,
    REFOLD,
    REGISTER,
    SILENCE,
    STORE,
    TAKE_PEN,
    TELL,
    TRIED,
    VOID,
)

logger = logging.getLogger(__name__)

# Readers that come meanwhile wait behind whoever wants to change the view: for no longer than this.
VIEW_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10ms'"


class Stored(NamedTuple):
    """What a batch did to the tape: ticks that were new, gaps that it revealed, gaps that it filled.

    `contradiction` describes a tick of each symbol that was not stored because another trade bears its id, or because the tape was
    pruned there; None when there is none.
    """

    ticks: int
    gaps_opened: int
    gaps_closed: int
    contradiction: str | None = None

    @property
    def contradicted(self) -> list[str]:
        """The symbols of such ticks. (No name has a blank in it.)"""
        told = self.contradiction.split("; ") if self.contradiction else []
        return [each.split()[0] for each in told]


class Newest(NamedTuple):
    """The last raw trade on the tape, and the instant of its tick."""

    last: int
    traded: datetime


class Hole(NamedTuple):
    """Raw trades `first` to `last` of a symbol, both missing, made between two instants, both included."""

    first: int
    last: int
    starts: datetime
    ends: datetime


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
            self.database.execute(TAKE_PEN)
            self.database.execute(REGISTER, {"names": list(names)})
        found = self.database.execute(
            "SELECT name, id FROM prices_symbol WHERE name = ANY(%s)", [list(names)]
        )
        self.numbers = dict(found.fetchall())

    def refresh_view(self) -> bool:
        """Give new symbols branches of their own in the view `prices`. Whether it was possible.

        Without one a symbol is in the view as well, but its newest ticks have to be sorted. So it is
        not waited for: while somebody reads the view, or may not change it, it is left as it is.
        """
        try:
            with self.database.transaction():
                self.database.execute(VIEW_LOCK_TIMEOUT)
                self.database.execute("SELECT prices_view_refresh()")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege) as error:
            logger.info("The view prices stays as it is until the next start: %s", first(error))
            return False
        return True

    @patient
    def store(self, ticks: list[Tick]) -> Stored:
        """Store ticks of registered symbols, in one transaction. Safe to repeat when the outcome is not known.

        What follows on the tape's end, as nearly every batch does, is copied there, at half the cost. Whatever else may
        come, known ticks, late ones, holes, is for the one statement that can do all.
        """
        runs = runs_of(ticks, self.numbers)
        # Made before the pen is taken, for which others may be waiting.
        ends, rows = spans(runs), lines(ticks, self.numbers)
        with self.database.transaction():
            # No pipeline: after one PostgreSQL does not count how long its client stands still.
            self.database.execute(TAKE_PEN)
            if self.database.execute(FOLLOWS, ends, prepare=True).fetchall()[0][0]:
                self.append(rows, {**ends, "ticks": len(ticks)})
                stored = Stored(len(ticks), gaps_opened=0, gaps_closed=0)
            else:
                batch = parameters(ticks, runs, self.numbers, source="stream")
                done = self.database.execute(STORE, batch, prepare=True)
                stored = Stored(*done.fetchall()[0])
            self.tell({tick.symbol for tick in ticks})
        return stored

    def append(self, rows: str, ends: Mapping[str, str | int]) -> None:
        """Store what follows on the tape's end. Within a transaction that has the pen."""
        with self.database.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write(rows)
        self.database.execute(FOLLOWED, ends, prepare=True)

    @patient
    def fill(self, symbol: str, ticks: list[Tick]) -> Stored:
        """Store those of a symbol's ticks, in order of trade id, that lie within its open gaps, and fold their minutes anew.

        Whoever else deals out these trades may have cut them into other ticks. What does not fit whole into a gap stays out,
        so that no trade comes twice. And a candle may have outlived its ticks: it is not added to, but made from what is there.
        """
        number = self.numbers[symbol]
        with self.database.transaction():
            self.database.execute(TAKE_PEN)
            bounds = {"symbol": number, "first": ticks[0].first, "last": ticks[-1].last}
            missing = self.database.execute(MISSING, bounds).fetchall()
            found = fitting(ticks, missing)
            if not found:
                return Stored(0, 0, 0)
            batch = parameters(found, runs_of(found, self.numbers), self.numbers, source="rest")
            done = self.database.execute(STORE, batch).fetchall()
            self.database.execute(REFOLD, {"symbol": number, "minutes": minutes_of(found)})
            self.tell([symbol])
        return Stored(*done[0])

    @patient
    def void(self, symbol: str, first: int, last: int) -> int:
        """Close the gaps within these raw trade ids: the exchange has proven that no trade bears them. How many there were."""
        with self.database.transaction():
            self.database.execute(TAKE_PEN)
            ids = {"symbol": self.numbers[symbol], "first": first, "last": last}
            return self.number(self.database.execute(VOID, ids))

    @patient
    def note(self, symbol: str, holes: Sequence[Hole]) -> int:
        """Write holes that were found on the tape into the gap ledger, as far as it does not know them. How many rows it took."""
        first, last, starts, ends = map(list, zip(*holes, strict=True)) if holes else ([],) * 4
        columns = {"first": first, "last": last, "starts": starts, "ends": ends}
        with self.database.transaction():
            self.database.execute(TAKE_PEN)
            return self.database.execute(NOTE, columns | {"symbol": self.numbers[symbol]}).rowcount

    @patient
    def refold(self, symbol: str, minutes: Sequence[datetime]) -> int:
        """Make the candles of some minutes from their ticks alone. How many were changed, made or taken away."""
        with self.database.transaction():
            self.database.execute(TAKE_PEN)
            wanted = {"symbol": self.numbers[symbol], "minutes": list(minutes)}
            changed = self.number(self.database.execute(REFOLD, wanted))
            self.tell([symbol])
            return changed

    @patient
    def prune(self, symbol: str, cutoff: datetime, limit: int) -> Pruned:
        """Take off the tape some of the oldest ticks that no answer from an instant on needs; none when there are no more."""
        wanted = {"symbol": self.numbers[symbol], "cutoff": cutoff, "from": 0, "limit": limit}
        with self.database.transaction():
            # What a crash undoes is pruned again: nobody need wait for the disk while this holds the pen.
            self.database.execute("SET LOCAL synchronous_commit = off")
            self.database.execute(TAKE_PEN)
            return Pruned(*self.database.execute(PRUNE, wanted).fetchall()[0])

    @patient
    def prunable(self, symbol: str, cutoff: datetime, start: int, limit: int) -> Pruned:
        """What `prune` would take from raw trade id `start` on."""
        wanted = {"symbol": self.numbers[symbol], "cutoff": cutoff, "from": start, "limit": limit}
        return Pruned(*self.database.execute(PRUNABLE, wanted).fetchall()[0])

    def tell(self, symbols: Iterable[str]) -> None:
        """Tell those who listen that the ticks or candles of some symbols have changed."""
        numbers = " ".join(str(self.numbers[symbol]) for symbol in symbols)
        self.database.execute(TELL, {"numbers": numbers}, prepare=True)

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
        self, names: Iterable[str], through: datetime, lag: timedelta | None = None
    ) -> None:
        """Vouch that all trades of some symbols before an instant of the exchange's clock are on the tape.

        And tell the lag of the newest commit, None before the first.
        """
        symbols = [self.numbers[name] for name in names]
        beat = {"through": through, "lag": lag, "symbols": symbols}
        self.database.execute(HEARTBEAT, beat, prepare=True)

    @patient
    def silence(self, names: Iterable[str] | None = None) -> None:
        """Vouch no longer for some symbols, or for any: what comes of them may be missing unnoticed."""
        chosen = self.numbers if names is None else names
        self.database.execute(SILENCE, {"symbols": [self.numbers[name] for name in chosen]})

    @staticmethod
    def number(done: psycopg.Cursor) -> int:
        return int(done.fetchall()[0][0])

    def close(self) -> None:
        self.database.close()
