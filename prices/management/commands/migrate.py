"""Django's migrate, one at a time: several first starts on an empty database wait for each
other. At the end it prepares the view `prices` for the symbols that are recorded next.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from prices.management import prices_view
from prices.management.arguments import symbol
from prices.patience import patiently_in_django

# The advisory lock of a migration: "migr" in ASCII. PostgreSQL keeps them separate per database.
LOCK = 0x6D696772

# Seconds between two attempts, and until the log says what is waited for.
CHECK_INTERVAL = 0.2
REPORT_AFTER = 3.0

# What to do with the session that has the lock is its owner's decision: named, it can be found in
# pg_stat_activity.
HOLDER = """
SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0 AND objid = %s
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Command(migrate.Command):
    help = f"{migrate.Command.help} Waits while another process migrates the same database."

    # How to wait for the other.
    sleep = staticmethod(time.sleep)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--symbols",
            nargs="*",
            type=symbol,
            metavar="SYMBOL",
            help="symbols to prepare the SQL view prices for (default: TRACKED_SYMBOLS)",
        )

    def handle(self, *args: Any, symbols: list[str] | None = None, **options: Any) -> None:
        database = connections[options["database"]]
        looks_only = options.get("plan") or options.get("check_unapplied")
        if looks_only or database.vendor != "postgresql":
            super().handle(*args, **options)
            return
        work = partial(super().handle, *args, **options)
        with self.alone(database):
            # Each migration is a transaction: what was applied is not applied again.
            patiently_in_django("migrate", work, alias=options["database"], strong=False)
            self._prepare_view(database, symbols or settings.TRACKED_SYMBOLS)

    def _prepare_view(self, database: BaseDatabaseWrapper, symbols: Sequence[str]) -> None:
        try:
            prices_view.prepare(database, symbols, self.sleep)
        except prices_view.NotPrepared as error:
            self.stderr.write(
                "The SQL view prices is read slowly by new symbols until the next "
                f"`manage.py migrate` or `start`: {error}"
            )

    @contextlib.contextmanager
    def alone(self, database: BaseDatabaseWrapper) -> Iterator[None]:
        """Hold the lock on a connection of its own, which no migration closes.

        The lock is released when the process ends.
        """
        params = database.get_connection_params()
        for django_only in ("cursor_factory", "context", "prepare_threshold"):
            params.pop(django_only, None)
        params["application_name"] = "migrate"
        with database.wrap_database_errors, psycopg.connect(**params, autocommit=True) as session:
            self._take(session)
            yield

    def _take(self, session: psycopg.Connection) -> None:
        waited = 0.0
        while not session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()[0]:  # type: ignore[index]
            if 0 < waited - REPORT_AFTER <= CHECK_INTERVAL:
                self._tell(session)
            self.sleep(CHECK_INTERVAL)
            waited += CHECK_INTERVAL

    def _tell(self, session: psycopg.Connection) -> None:
        holders = session.execute(HOLDER, [LOCK]).fetchall()
        names = ", ".join(f"{name or 'a session'} (backend {pid})" for pid, name in holders)
        self.stderr.write(f"Waiting for another process to migrate the database: {names}.")
