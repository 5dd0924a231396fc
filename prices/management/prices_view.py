"""Prepares the SQL view `prices` for symbols that are recorded next, before they are recorded.

A branch of its own lets PostgreSQL read a symbol's newest ticks by the index. Without one the
symbol is in the view as well, but its ticks are sorted for each query. A branch takes DDL, which
waits for everybody who reads the view and makes others wait. So no recorder does it, but `migrate`
alone, and it gives up while somebody keeps the view in use.
"""

import time
from collections.abc import Callable, Sequence

import psycopg
from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from prices.patience import LOCKED, holders

# Those who come to read the view wait behind us: for no longer than this at a time.
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10ms'"

# Attempts, and seconds between two: whoever only runs a query has ended by then.
ATTEMPTS = 20
PAUSE = 0.1

# Not before migration 0021 has been applied.
CAN_REFRESH = "SELECT to_regprocedure('prices_view_refresh(text[])') IS NOT NULL"
REFRESH = "SELECT prices_view_refresh(%s)"


class NotPrepared(Exception):
    """The view was left as it is. The message says why."""


def prepare(
    database: BaseDatabaseWrapper,
    expected: Sequence[str],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Give each registered and each expected symbol a branch of the view, if it has none.

    Raises NotPrepared when others keep it in use, or when we may not change it.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(PAUSE)
        if refresh(database, expected):
            return
    with database.cursor() as cursor:
        who = holders(lambda *query: cursor.execute(*query) or cursor, strong=False)
    raise NotPrepared(f"it is in use. Held by: {who}.")


def refresh(database: BaseDatabaseWrapper, expected: Sequence[str]) -> bool:
    """One attempt. Returns whether the view is as it should be. Raises NotPrepared."""
    try:
        with transaction.atomic(database.alias), database.cursor() as cursor:
            cursor.execute(LOCK_TIMEOUT)
            cursor.execute(CAN_REFRESH)
            if cursor.fetchone() == (True,):
                cursor.execute(REFRESH, [list(expected)])
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise NotPrepared("it belongs to another user of the database.") from None
        if not isinstance(error.__cause__, LOCKED):
            raise
        return False
    return True
