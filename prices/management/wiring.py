"""What several commands need: the exchange's REST API, a ready database, known symbols."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from prices.checks import bad_proxy
from prices.exchange.rest import Rest
from prices.exchange.retry_after import RetryAfter
from prices.models import Symbol
from prices.patience import patiently, patiently_in_django
from prices.recording.database_errors import Refusal
from prices.recording.market import OtherMarket, claim
from prices.recording.session import AWAY, connect
from prices.recording.tape import Tape
from pricetracker.reasons import first


def rest_api(
    stopped: Callable[[], bool] = lambda: False, sleep: Callable[[float], None] = time.sleep
) -> Rest:
    """The exchange's REST API from the settings, respecting a Retry-After of any process.

    Raises CommandError when the environment names a proxy that cannot be used.
    """
    if refusal := bad_proxy():
        raise CommandError(refusal)
    url = settings.BINANCE_REST_URL
    retry_after = RetryAfter(settings.PRICETRACKER_HOME, url)
    return Rest(url, stopped=stopped, sleep=sleep, retry_after=retry_after)


@contextmanager
def usable_tape() -> Iterator[None]:
    """End the command with one sentence when the database is unavailable or not up to date."""
    try:
        if patiently_in_django("read which migrations were applied", is_behind):
            raise CommandError("The database is not up to date: run `manage.py migrate` first.")
        connection.close()
        yield
    except (*AWAY, OperationalError, Refusal) as error:
        raise CommandError(f"The database cannot be used: {first(error)}") from None


def is_behind() -> bool:
    """Whether there are migrations that were not applied."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def claimed_tape(application_name: str) -> Tape:
    """A tape that is claimed for the market of the settings.

    Raises CommandError when it belongs to another, and one of AWAY when the database is
    unavailable.
    """
    database = connect(application_name)
    try:
        claiming = partial(claim, database, settings.BINANCE_EXCHANGE)
        patiently(database, "claim the tape for its market", claiming)
    except BaseException as error:
        database.close()
        if isinstance(error, OtherMarket):
            raise CommandError(str(error)) from None
        raise
    return Tape(database)


def recorded(symbols: list[str]) -> list[str]:
    """Some symbols, each once, or all recorded ones. Raises CommandError for an unknown one."""
    known = patiently_in_django("read the symbols", Symbol.objects.names)
    for name in symbols:
        if name not in known:
            names = ", ".join(known) or "none yet"
            raise CommandError(f"{name} was never recorded. Recorded symbols: {names}.")
    return list(dict.fromkeys(symbols)) or known
