"""The market of the tape: claimed by the first who writes, and kept to by all after it."""

from typing import Any

import psycopg

# Of two at once one waits for the other's commit, and then finds its row.
CLAIM = "INSERT INTO prices_market (id, name) VALUES (1, %(name)s) ON CONFLICT (id) DO NOTHING"
CLAIMED = "SELECT name FROM prices_market WHERE id = 1"


class OtherMarket(Exception):
    """The tape is of another market. The message says how to keep a second one."""


def claim(database: psycopg.Connection[Any], name: str) -> None:
    """Make sure that the tape is of a market: it becomes so when it is of none yet.

    Raises OtherMarket, and one of AWAY when the database is away.
    """
    database.execute(CLAIM, {"name": name})
    ((found,),) = database.execute(CLAIMED).fetchall()
    if found != name:
        raise OtherMarket(
            f"This tape belongs to the market {found}, but BINANCE_EXCHANGE is "
            f"{name}. For a second tape, set another PRICETRACKER_HOME, or another "
            "database in DATABASE_URL."
        )
