"""What has changed on the tape, by LISTEN/NOTIFY."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection

from ..channels import GAPS, TICKS


class Heard(NamedTuple):
    """The numbers of symbols whose ticks or candles have changed, and the ids of changed gaps."""

    symbols: set[int]
    gaps: set[int]


@contextmanager
def listening() -> Iterator[Callable[[float], Heard]]:
    """Listen on this thread's database connection, which is closed at the end.

    Yields a function that waits until something has changed, for at most the given seconds. Raises
    OperationalError when the database is unavailable.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET application_name = 'live_push'")
            for channel in (TICKS, GAPS):
                cursor.execute(f"LISTEN {channel}")
        yield hear
    finally:
        connection.close()


def hear(timeout: float) -> Heard:
    heard = Heard(set(), set())
    with connection.wrap_database_errors:
        for told in connection.connection.notifies(timeout=timeout, stop_after=1):
            if told.channel == TICKS:
                heard.symbols.update(map(int, told.payload.split()))
            else:
                heard.gaps.add(int(told.payload))
    return heard
