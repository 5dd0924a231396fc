"""How the threads of a process that serves requests share the database."""

from typing import Any, Self

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

# Seconds that a request waits for an unavailable database before it gets an error.
CONNECTION_TIMEOUT = 5

# Eight connections keep two cores busy, and leave room for others in PostgreSQL's default of 100.
# Live push has one more.
POOL = {"min_size": 0, "max_size": 8 + 1}

# Seconds that a transaction of a request may stay idle. None waits for anything in between.
IDLE_IN_TRANSACTION = 30

# Not among the options of a connection, which a pooler may refuse.
LIMIT = """
SELECT set_config('lock_timeout', %s, false),
    set_config('idle_in_transaction_session_timeout', %s, false)
"""


def limited(lock_timeout: float) -> type[psycopg.Connection[Any]]:
    """Sessions in which no statement waits longer than `lock_timeout` seconds for a lock.

    A request that queues for one, as behind a migration, keeps its connection from others.
    """

    class Limited(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, conninfo: str = "", **options: Any) -> Self:
            made = super().connect(conninfo, **options)
            times = (lock_timeout, IDLE_IN_TRANSACTION)
            made.execute(LIMIT, [f"{seconds * 1000:.0f}ms" for seconds in times])
            made.commit()
            return made

    return Limited


def share_database(patience: float = CONNECTION_TIMEOUT) -> None:
    """From now on each thread borrows a connection from a pool, for one request.

    Commands do not use it: a pool hides why there is no connection behind its timeout.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    # By default the pool would retry ever more rarely, for minutes after the database is back. So
    # it gives up, and the next request makes it start again.
    pool = {
        **POOL,
        "timeout": patience,
        "reconnect_timeout": patience,
        "connection_class": limited(patience),
    }
    database["OPTIONS"] = {**database["OPTIONS"], "pool": pool}
    # With the private server, for which commands wait as long as a recovery takes.
    database["PATIENCE"] = patience
