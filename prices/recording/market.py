"""The market of the tape: claimed by the first recorder, and enforced once anything is stored."""

from typing import Any, LiteralString

import psycopg

# Held, shared, by each session that writes what an exchange says: under it the market of the tape
# is not changed. The number is arbitrary, but all must use the same.
WRITES = 0x6D61_726B_6574
HOLD = f"SELECT pg_advisory_lock_shared({WRITES})"

# Of two recorders at once, one waits for the other's commit, and then finds its row.
CLAIM = "INSERT INTO prices_market (id, name) VALUES (1, %(name)s) ON CONFLICT (id) DO NOTHING"
CLAIMED = "SELECT name FROM prices_market WHERE id = 1 FOR UPDATE"

# A tape without ticks and candles belongs to nobody, unless another session is about to write.
IS_EMPTY = """
SELECT NOT EXISTS (SELECT FROM prices_price) AND NOT EXISTS (SELECT FROM prices_candle)
"""
ALONE = f"SELECT pg_try_advisory_xact_lock({WRITES})"
TAKE_OVER = "UPDATE prices_market SET name = %(name)s WHERE id = 1"


class OtherMarket(Exception):
    """The tape is of another market. The message says how to keep a second one."""


def claim(database: psycopg.Connection[Any], name: str) -> None:
    """Claim the tape for a market while the session lasts, if it belongs to none yet, or is empty.

    Raises OtherMarket, and one of AWAY when the database is unavailable.
    """
    database.execute(HOLD)
    with database.transaction():
        database.execute(CLAIM, {"name": name})
        ((found,),) = database.execute(CLAIMED).fetchall()
        if found == name:
            return
        # Only while nobody else writes does a tape that is empty stay so until the commit.
        if is_so(database, ALONE) and is_so(database, IS_EMPTY):
            database.execute(TAKE_OVER, {"name": name})
            return
    raise OtherMarket(
        f"This tape belongs to the market {found}, but BINANCE_EXCHANGE is "
        f"{name}. For a second tape, set another PRICETRACKER_HOME, or another "
        "database in DATABASE_URL."
    )


def is_so(database: psycopg.Connection[Any], question: LiteralString) -> bool:
    ((answer,),) = database.execute(question).fetchall()
    return bool(answer)
