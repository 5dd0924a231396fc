"""How the threads of a process that serves requests use the database."""

import select
import sys
from typing import Any

from django.core.signals import request_started
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# Seconds that a request waits for an unavailable database, or for a lock, before it gets an error.
CONNECTION_TIMEOUT = 5

# Seconds that a transaction of a request may stay idle. None waits for anything in between.
IDLE_IN_TRANSACTION = 30

# Seconds that one statement may take. The longest, a page of a thousand daily candles, takes one.
STATEMENT = 15

# libpq takes no fewer seconds than this for a connection.
LEAST_CONNECT_TIMEOUT = 2

# Set by a statement: a pooler such as PgBouncer may refuse them as options of a connection. `jit`
# is on by default, and to compile a long range of candles takes longer than to read it.
SESSION_SETTINGS = """
SELECT set_config('lock_timeout', %s, false),
    set_config('statement_timeout', %s, false),
    set_config('idle_in_transaction_session_timeout', %s, false),
    set_config('jit', 'off', false)
"""


def share_database(patience: float = CONNECTION_TIMEOUT, statement: float = STATEMENT) -> None:
    """From now on each thread keeps its connection from one request to the next.

    There are as many connections as threads, and those are bounded; a pool's check-out would take
    longer than an answer. Its sessions have limits: a request that queues for a lock, as behind a
    migration, keeps its thread from others.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    database["CONN_MAX_AGE"] = None
    # With the private server, for which commands wait as long as a recovery takes.
    database["PATIENCE"] = patience
    database["OPTIONS"] = {
        "connect_timeout": max(LEAST_CONNECT_TIMEOUT, int(patience)),
        **database["OPTIONS"],
    }
    limits = [f"{seconds * 1000:.0f}ms" for seconds in (patience, statement, IDLE_IN_TRANSACTION)]

    def limit(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SESSION_SETTINGS, limits)

    connection_created.connect(limit, weak=False, dispatch_uid=__name__)
    request_started.connect(close_dead, dispatch_uid=__name__)


def refresh_connection() -> None:
    """What a request does first, for a thread that works for one that began in another thread."""
    close_old_connections()
    close_dead()


def close_dead(**kwargs: Any) -> None:
    """Close this thread's connection if its server is gone, so that the request makes a new one."""
    connection = connections[DEFAULT_DB_ALIAS]
    session = connection.connection
    # One that psycopg has closed, as after an error, has no descriptor.
    if session is not None and (session.closed or has_news(session.fileno())):
        connection.close()


def has_news(descriptor: int) -> bool:
    """Whether a socket can be read. An idle session of PostgreSQL only speaks to say goodbye."""
    if sys.platform == "win32":
        readable, _, _ = select.select([descriptor], [], [], 0)
        return bool(readable)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
