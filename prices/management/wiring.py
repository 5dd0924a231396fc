"""What several commands wire alike: the exchange to ask, a database that is ready, symbols that are known."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from prices.exchange.rest import Rest
from prices.exchange.retry_after import RetryAfter
from prices.models import Symbol
from prices.recording.market import OtherMarket, claim
from prices.recording.session import AWAY, connect
from prices.recording.tape import Tape
from pricetracker.reasons import first


def rest_api(
    stopped: Callable[[], bool] = lambda: False, sleep: Callable[[float], None] = time.sleep
) -> Rest:
    """The exchange's REST API as the settings name it, silent for as long as any process was told to be."""
    url = settings.BINANCE_REST_URL
    silence = RetryAfter(settings.PRICETRACKER_HOME, url)
    return Rest(url, stopped=stopped, sleep=sleep, silence=silence)


@contextmanager
def usable_tape() -> Iterator[None]:
    """A database that is away, or not up to date, ends the command with one sentence."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not up to date: run `manage.py migrate` first.")
        connection.close()
        yield
    except (*AWAY, OperationalError) as error:
        raise CommandError(f"The database cannot be used: {first(error)}") from None


def claimed_tape(application_name: str) -> Tape:
    """A tape for whoever writes what the exchange says: it is of the market that the settings name.

    Raises CommandError when it is of another, and one of AWAY when the database is away.
    """
    database = connect(application_name)
    try:
        claim(database, settings.BINANCE_EXCHANGE)
    except BaseException as error:
        database.close()
        if isinstance(error, OtherMarket):
            raise CommandError(str(error)) from None
        raise
    return Tape(database)


def recorded(symbols: list[str]) -> list[str]:
    """Some symbols, each once, or all that were ever recorded. Raises CommandError for one that was not."""
    known = Symbol.objects.names()
    for name in symbols:
        if name not in known:
            names = ", ".join(known) or "none yet"
            raise CommandError(f"{name} was never recorded. Recorded symbols: {names}.")
    return list(dict.fromkeys(symbols)) or known
