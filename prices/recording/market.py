"""The market of the tape: claimed by the first recorder, and enforced after that."""

from typing import Any

import psycopg

# Of two recorders at once, one waits for the other's commit, and then finds its row.
CLAIM = "INSERT INTO prices_market (id, name) VALUES (1, %(name)s) ON CONFLICT (id) DO NOTHING"
CLAIMED = "SELECT name FROM prices_market WHERE id = 1"


class OtherMarket(Exception):
    """The tape belongs to another market. The message says how to keep a second one."""


def claim(database: psycopg.Connection[Any], name: str) -> None:
    """Claim the tape for a market, if it belongs to none yet.

    Raises OtherMarket, and one of AWAY when the database is unavailable.
    """
    database.execute(CLAIM, {"name": name})
    ((found,),) = database.execute(CLAIMED).fetchall()
    if found != name:
        raise OtherMarket(
            f"This tape belongs to the market {found}, but BINANCE_EXCHANGE is "
            f"{name}. For a second tape, set another PRICETRACKER_HOME, or another "
            "database in DATABASE_URL."
        )
