"""Waiting for database locks: never silently, and in migrations never for ever."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import psycopg
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from .sql import statement

logger = logging.getLogger(__name__)

HOLDERS = statement("read/lock_holders")

# Sessions that are named in one line: the oldest are what one waits for.
NAMED = 3

# The database gave up waiting, or chose us to end a deadlock. Trying again is safe and right.
# (Both are psycopg.OperationalError, as is a database that is away.)
LOCKED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

# Seconds that a statement over Django's own connection waits for a lock in a command, at a time.
SESSION_LOCK_TIMEOUT = "SET lock_timeout = '5s'"

# Seconds that a migration queues for its locks at a time. Whoever comes after it waits behind it,
# so they must be few; and between two attempts those get their turn.
MIGRATION_LOCK_TIMEOUT = 2
MIGRATION_PAUSE = 1.0

# Attempts before a migration ends with a sentence: some minute and a half.
MIGRATION_ATTEMPTS = 30


class HasDatabase(Protocol):
    database: psycopg.Connection


Self = TypeVar("Self", bound=HasDatabase)
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def holders(execute: Callable[[str, dict[str, Any]], Any], *, strong: bool) -> str:
    """Who holds locks on the tape, in words, the oldest transactions first. No statement is shown.

    `strong`: only locks for which a writer of rows may have to wait; else all, as for DDL.
    """
    rows = execute(HOLDERS, {"strong": strong, "limit": NAMED}).fetchall()
    return "; ".join(row[0] for row in rows) or "a session that has ended its transaction since"


def patient(
    method: Callable[Concatenate[Self, Parameters], Result],
) -> Callable[Concatenate[Self, Parameters], Result]:
    """Make a method that is one transaction try again for as long as others hold the locks.

    Each `lock_timeout` of its session that passes in vain is reported, with who holds them.
    """

    @wraps(method)
    def waiting(self: Self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        purpose = method.__name__.replace("_", " ")
        return patiently(self.database, purpose, lambda: method(self, *args, **kwargs))

    return cast("Callable[Concatenate[Self, Parameters], Result]", waiting)


def patiently(
    database: psycopg.Connection,
    purpose: str,
    work: Callable[[], Result],
    *,
    strong: bool = True,
) -> Result:
    """The same for any function that is one transaction, or the beginning of one.

    `strong`: as for `holders`; False for what has to wait for readers too.
    """
    begun = time.monotonic()
    while True:
        try:
            return work()
        except LOCKED as error:
            tell(purpose, begun, error, holders(database.execute, strong=strong))


def patiently_in_django(
    purpose: str, work: Callable[[], Result], *, alias: str = DEFAULT_DB_ALIAS, strong: bool = True
) -> Result:
    """The same over Django's own connection, which in a command has no `lock_timeout` otherwise."""
    database = connections[alias]
    begun = time.monotonic()
    while True:
        with database.cursor() as cursor:
            cursor.execute(SESSION_LOCK_TIMEOUT)
        try:
            return work()
        except DatabaseError as error:
            if not isinstance(error.__cause__, LOCKED):
                raise
            with database.cursor() as cursor:
                who = holders(lambda *query: cursor.execute(*query) or cursor, strong=strong)
            tell(purpose, begun, error.__cause__, who)


def tell(purpose: str, begun: float, error: psycopg.Error, who: str) -> None:
    """Report one `lock_timeout` that passed in vain. Raises StoppedWaiting when that is enough."""
    logger.warning(
        "Waiting for a database lock to %s, for %.0f s so far (%s). Held by: %s.",
        purpose,
        time.monotonic() - begun,
        error.diag.message_primary,
        who,
    )
    if _stopped():
        raise StoppedWaiting(f"Stopped while waiting for a database lock to {purpose}.")


class StoppedWaiting(Exception):
    """A stop was requested during a wait for a lock: what it was for is not done."""


# Whether a wait is to end: for commands that lose nothing by it. A recorder that is told to stop
# goes on waiting, until everything received is committed.
_stopped: Callable[[], bool] = lambda: False


@contextmanager
def no_longer_than(stopped: Callable[[], bool]) -> Iterator[None]:
    """While this is open, each wait for a lock ends by StoppedWaiting once a stop is requested."""
    global _stopped
    before, _stopped = _stopped, stopped
    try:
        yield
    finally:
        _stopped = before


class Patiently(migrations.SeparateDatabaseAndState):
    """Operations of a migration that take locks: each attempt is short, the last one says why.

    A migration that simply queued behind a reader would make all others queue behind it. Raises
    CommandError when the locks could not be had.
    """

    def __init__(
        self,
        *operations: migrations.operations.base.Operation,
        attempts: int = MIGRATION_ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(database_operations=operations, state_operations=operations)
        self._attempts = attempts
        self.sleep = sleep

    def deconstruct(self) -> Any:
        return self.__class__.__qualname__, self.state_operations, {}

    def database_forwards(self, *args: Any) -> None:
        self._attempt(super().database_forwards, *args)

    def database_backwards(self, *args: Any) -> None:
        self._attempt(super().database_backwards, *args)

    def _attempt(
        self, run: Callable[..., None], app: str, editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        connection = connections[editor.connection.alias]
        for attempt in range(1, self._attempts + 1):
            deferred = list(editor.deferred_sql)
            try:
                with transaction.atomic(connection.alias), connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK_TIMEOUT}s'")
                    run(app, editor, *states)
                    # What follows in the migration waits as the rest of the command does.
                    cursor.execute(SESSION_LOCK_TIMEOUT.replace("SET", "SET LOCAL"))
            except DatabaseError as error:
                if not isinstance(error.__cause__, LOCKED):
                    raise
                editor.deferred_sql[:] = deferred
                with connection.cursor() as cursor:
                    who = holders(lambda *query: cursor.execute(*query) or cursor, strong=False)
                if attempt == self._attempts:
                    raise CommandError(
                        f"The tables cannot be changed while others use them. Held by: {who}. "
                        "End that transaction, or wait for it, and run `manage.py migrate` again."
                    ) from None
                logger.warning("Waiting to change the tables, which others use. Held by: %s.", who)
                self.sleep(MIGRATION_PAUSE)
            else:
                return
