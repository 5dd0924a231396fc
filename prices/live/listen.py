"""What has changed on the tape since the last call, by PostgreSQL's LISTEN."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.db import Error, connection

from ..channels import GAPS, TICKS


class Heard(NamedTuple):
    """The numbers of symbols whose ticks or candles have changed, and the ids of changed gaps."""

    symbols: set[int]
    gaps: set[int]


@contextmanager
def listening() -> Iterator[Callable[[float], Heard]]:
    """Listen on this thread's database connection, which is given back at the end.

    The function that it yields waits for a number of seconds at most, and returns as soon as
    something has changed. Raises OperationalError when the database is unavailable.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET application_name = 'live_push'")
            for channel in (TICKS, GAPS):
                cursor.execute(f"LISTEN {channel}")
        yield hear
    finally:
        # The pool gives the connection to others, who do not want to listen.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("UNLISTEN *")
            cursor.execute("RESET application_name")
        connection.close()


def hear(patience: float) -> Heard:
    heard = Heard(set(), set())
    with connection.wrap_database_errors:
        for told in connection.connection.notifies(timeout=patience, stop_after=1):
            if told.channel == TICKS:
                heard.symbols.update(map(int, told.payload.split()))
            else:
                heard.gaps.add(int(told.payload))
    return heard
