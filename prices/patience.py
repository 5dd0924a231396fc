"""Waiting for database locks: never silently, and in migrations never for ever."""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import psycopg
from django.core.management.base import CommandError
from django.db import DatabaseError, connections, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from .sql import statement

logger = logging.getLogger(__name__)

HOLDERS = statement("read/lock_holders")

# Sessions that are named in one line: the oldest are what one waits for.
NAMED = 3

# The database gave up waiting, or chose us to end a deadlock. Trying again is safe and right.
# (Both are psycopg.OperationalError, as is a database that is away.)
LOCKED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

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
            logger.warning(
                "Waiting for a database lock to %s, for %.0f s so far (%s). Held by: %s.",
                purpose,
                time.monotonic() - begun,
                error.diag.message_primary,
                holders(database.execute, strong=strong),
            )


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
                    # Of the savepoint's life only: what follows in the migration keeps its own.
                    cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
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
