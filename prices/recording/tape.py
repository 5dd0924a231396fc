"""The only writer of the tape: one statement a batch, under a pen that one writer holds at a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
from django.db import OperationalError, connection

from ..exchange.messages import Tick
from .batch import parameters

STORE = Path(__file__).with_name("store.sql").read_text(encoding="utf-8")

# One writer at a time, whoever it is: what a statement finds on the tape then stays so until it commits. The number is
# arbitrary, but all writers must use the same.
PEN = 0x7072_6963_6573
TAKE_PEN = f"SELECT pg_advisory_xact_lock({PEN})"

# Ordinary numbering would burn a number at each start, and a smallint has only 32,767.
REGISTER = """
INSERT INTO prices_symbol (name)
SELECT name FROM unnest(%(names)s::text[]) AS name
WHERE NOT EXISTS (SELECT FROM prices_symbol known WHERE known.name = name.name)
"""

HEARTBEAT = """
UPDATE prices_symbol SET heard_at = now(), heard_through = greatest(heard_through, %(through)s)
WHERE id = ANY(%(symbols)s)
"""

SILENCE = "UPDATE prices_symbol SET heard_at = NULL WHERE id = ANY(%(symbols)s)"


# What a database raises that is away, or going: the work can be tried again later.
# (A server that was failed over from accepts reads alone.)
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    OperationalError,
)


# A tick of this batch, if any, whose trade id stands on the tape with another price, or at another time than a
# millisecond's rounding explains. A copy that differs in nothing else is no contradiction.
CONTRADICTION = """
SELECT format('%%s %%s at %%s', symbol.name, tick.first_trade, tick.price)
FROM unnest(
    %(symbol)s::smallint[], %(first)s::bigint[], %(micros)s::bigint[], %(price)s::numeric[]
) AS tick (symbol_id, first_trade, micros, price)
JOIN prices_price stored ON stored.id = tick.symbol_id::bigint << 44 | tick.first_trade
JOIN prices_symbol symbol ON symbol.id = tick.symbol_id
WHERE tick.price <> stored.price
    OR abs(extract(epoch FROM stored.timestamp) * 1000000 - tick.micros) >= 1000
LIMIT 1
"""


class Stored(NamedTuple):
    """What a batch did to the tape: ticks that were new, gaps that it revealed, gaps that it filled.

    `contradiction` describes a tick that was not stored because another trade bears its id; None when there is none.
    """

    ticks: int
    gaps_opened: int
    gaps_closed: int
    contradiction: str | None = None


def connect(application_name: str) -> psycopg.Connection:
    """A connection of one's own to the project's database, outside of Django's pool. Raises one of AWAY."""
    params = connection.get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(django_only)
    params["application_name"] = application_name
    database = psycopg.connect(**params, autocommit=True)
    # What is read after the pen was taken must be what its last holder left, whatever the database's default is.
    database.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return database


class Tape:
    """Writes to the tape over one connection. Any method raises one of AWAY when the database is away."""

    def __init__(self, database: psycopg.Connection) -> None:
        self.database = database
        self.numbers: dict[str, int] = {}

    def register(self, names: Sequence[str]) -> None:
        """Give each symbol a number, the one it has or a new one."""
        with self.database.transaction():
            self.database.execute(TAKE_PEN)
            self.database.execute(REGISTER, {"names": list(names)})
        found = self.database.execute(
            "SELECT name, id FROM prices_symbol WHERE name = ANY(%s)", [list(names)]
        )
        self.numbers = dict(found.fetchall())

    def store(self, ticks: list[Tick]) -> Stored:
        """Store ticks of registered symbols, in one transaction. Safe to repeat when the outcome is not known."""
        batch = parameters(ticks, self.numbers)
        with self.database.pipeline(), self.database.transaction():
            self.database.execute(TAKE_PEN)
            done = self.database.execute(STORE, batch, prepare=True)
        stored = Stored(*done.fetchall()[0])
        if stored.ticks == len(ticks):
            return stored
        # Some were there already: the same trades, one would think.
        found = self.database.execute(CONTRADICTION, batch).fetchone()
        return stored._replace(contradiction=found[0] if found else None)

    def heartbeat(self, names: Iterable[str], through: datetime) -> None:
        """Vouch that all trades of some symbols before an instant of the exchange's clock are on the tape."""
        symbols = [self.numbers[name] for name in names]
        self.database.execute(HEARTBEAT, {"through": through, "symbols": symbols}, prepare=True)

    def silence(self) -> None:
        """Vouch no longer for any symbol: the connection to the exchange is down."""
        self.database.execute(SILENCE, {"symbols": list(self.numbers.values())})

    def close(self) -> None:
        self.database.close()
