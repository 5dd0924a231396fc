"""A database connection for recording and maintenance: its timeouts, and the errors it raises."""

import psycopg
from django.db import OperationalError, connection

# Locks of a process that hangs, or whose machine is gone, must not last: the idle timeout and the
# keepalives end its session, also in the middle of a COPY. A writer holds its locks for
# milliseconds. After 5 s of waiting `prices.patience` logs who holds them, and tries again. No JIT:
# the slow statements are slow because they read much. No sequential scans: a plan made while the
# tape was short would still use them when it is long. Generic plans: planning the folding of a
# small batch takes longer than folding it. Instants and durations as psycopg reads them.
SESSION = """
SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres';
SET idle_in_transaction_session_timeout = '10s';
SET lock_timeout = '5s';
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET jit = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan
"""

# A connection without a response is dead after half a minute. In seconds; the last is in
# milliseconds.
KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

# Raised when the database is unavailable: the work can be retried later. (After a failover the old
# server is read-only.)
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    OperationalError,
)


def connect(application_name: str) -> psycopg.Connection:
    """A separate connection to the project's database, outside of Django's pool.

    application_name: shown in pg_stat_activity. Raises one of AWAY.
    """
    params = connection.get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(django_only)
    params["application_name"] = application_name
    database = psycopg.connect(**KEEPALIVE | params, autocommit=True)
    database.execute(SESSION)
    # After taking a writer lock, reads must see what its last holder committed, whatever the
    # database's default is.
    database.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return database
