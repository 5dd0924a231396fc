"""The connection pool of a process that serves requests."""

from typing import Any, Self

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

# Seconds that a request waits for an unavailable database before it gets an error.
CONNECTION_TIMEOUT = 5

# Eight connections keep two cores busy, and leave room for others in PostgreSQL's default of 100.
# Live push has one more.
POOL = {"min_size": 0, "max_size": 8 + 1}

# Seconds that a transaction of a request may be idle. None waits for anything else.
IDLE_IN_TRANSACTION = 30

# Set by a statement: a pooler such as PgBouncer may refuse them as options of a connection. `jit`
# is on by default, and to compile a long range of candles takes longer than to read it.
SETTINGS = """
SELECT set_config('lock_timeout', %s, false),
    set_config('idle_in_transaction_session_timeout', %s, false),
    set_config('jit', 'off', false)
"""


def limited(lock_timeout: float) -> type[psycopg.Connection[Any]]:
    """A connection class whose statements wait at most `lock_timeout` seconds for a lock.

    A request that waits for one, for example behind a migration, occupies its connection.
    """

    class Limited(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, conninfo: str = "", **options: Any) -> Self:
            made = super().connect(conninfo, **options)
            times = (lock_timeout, IDLE_IN_TRANSACTION)
            made.execute(SETTINGS, [f"{seconds * 1000:.0f}ms" for seconds in times])
            made.commit()
            return made

    return Limited


def share_database(patience: float = CONNECTION_TIMEOUT) -> None:
    """Use a pool from now on: each thread takes a connection from it for one request.

    Commands do not use it: a pool reports a timeout, and not why there is no connection.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    # By default the pool would retry at growing intervals, up to minutes after the database is
    # back. So it gives up early, and the next request makes it start again.
    pool = {
        **POOL,
        "timeout": patience,
        "reconnect_timeout": patience,
        "connection_class": limited(patience),
    }
    database["OPTIONS"] = {**database["OPTIONS"], "pool": pool}
    # For the private server: unlike commands, requests do not wait until it has recovered.
    database["PATIENCE"] = patience
