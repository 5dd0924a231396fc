"""A recorder's own line to the database: when it counts as dead, and what is raised when the database is away."""

import psycopg
from django.db import OperationalError, connection

# A process that stands still, or is gone without a word, must not hold writer locks for long: also not when its machine went in the midst
# of a COPY, while PostgreSQL waits for more. And no statement here is worth compiling: what takes long reads much. None is for reading a whole
# table, either, which a plan would do that was made while the tape was short. And none is planned again for what its
# parameters are: to plan the folding of a small batch takes longer than to fold it.
# Another writer holds its locks for milliseconds, so whoever waits for seconds waits for something
# else: after each 5 s of it the tape says for whom (`prices.patience`), and tries again.
SESSION = """
SET idle_in_transaction_session_timeout = '10s';
SET lock_timeout = '5s';
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET jit = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan
"""

# A line to the database on which nothing comes back is dead after half a minute: seconds, and in the end milliseconds.
LINE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

# What a database raises that is away, or going: the work can be tried again later.
# (A server that was failed over from accepts reads alone.)
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    OperationalError,
)


def connect(application_name: str) -> psycopg.Connection:
    """A connection of one's own to the project's database, outside of Django's pool. Raises one of AWAY."""
    params = connection.get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(django_only)
    params["application_name"] = application_name
    database = psycopg.connect(**LINE | params, autocommit=True)
    database.execute(SESSION)
    # What is read after a writer lock was taken must be what its last holder left, whatever the database's default is.
    database.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return database
