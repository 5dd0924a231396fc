"""A stopwatch on a line to the database."""

import time
from collections.abc import Callable
from typing import Any

import psycopg


class Stopwatch:
    """Seconds that were spent waiting for the database on one line."""

    def __init__(self, line: psycopg.Connection) -> None:
        self.spent = 0.0
        self._wait = line.wait
        # All that psycopg sends and receives goes through it.
        line.wait = self.wait  # type: ignore[method-assign]

    def wait(self, *args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._wait(*args, **options)
        finally:
            self.spent += time.perf_counter() - began

    def times(self, ask: Callable[[], Any]) -> tuple[float, float]:
        """Milliseconds in the database and in all that a question takes."""
        before, began = self.spent, time.perf_counter()
        ask()
        whole, inside = time.perf_counter() - began, self.spent - before
        if not inside:
            raise RuntimeError("A question went to the database on a line that nobody watches.")
        return inside * 1000, whole * 1000


def stopwatch() -> Stopwatch:
    import django

    django.setup()

    from django.db import connection

    connection.ensure_connection()
    return Stopwatch(connection.connection)
