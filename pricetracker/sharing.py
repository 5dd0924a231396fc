"""How the threads of a process that serves requests share the database."""

from django.db import DEFAULT_DB_ALIAS, connections

# Seconds that a request waits for an unavailable database before it gets an error.
PATIENCE = 5

# Eight connections keep two cores busy, and leave room for others in PostgreSQL's default of 100.
# Live push has one more.
POOL = {"min_size": 0, "max_size": 8 + 1}


def share_database(patience: float = PATIENCE) -> None:
    """From now on each thread borrows a connection from a pool, for one request.

    Commands do not use it: a pool hides why there is no connection behind its timeout.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    # By default the pool would retry ever more rarely, for minutes after the database is back. So
    # it gives up, and the next request makes it start again.
    pool = {**POOL, "timeout": patience, "reconnect_timeout": patience}
    database["OPTIONS"] = {**database["OPTIONS"], "pool": pool}
    # With the private server, for which commands wait as long as a recovery takes.
    database["PATIENCE"] = patience
