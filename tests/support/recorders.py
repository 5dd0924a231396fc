"""Recorders for tests: as a process of their own, writing to the tests' database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from django.db import connection

from tests.support.local_exchange import Running

PROJECT = Path(__file__).parents[2]

# Seconds that anything may take on a machine that is busy with other things.
PATIENCE = 120


def eventually(condition: Callable[[], object]) -> None:
    """Wait until something is so; fail when it is not after a long while."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)


def database_url(name: str | None = None) -> str:
    """The database of the test that is running, or another one on its server, for other
    processes.
    """
    at = connection.settings_dict
    query = urlencode({"host": at["HOST"], "port": at["PORT"], "password": at["PASSWORD"]})
    return f"postgresql://{quote(at['USER'])}@/{quote(name or at['NAME'])}?{query}"


def manage(
    *arguments: str,
    exchange: Running | None = None,
    output: int | IO[Any] = subprocess.PIPE,
    through: Callable[[list[str]], list[str]] = list,
    **environment: str,
) -> subprocess.Popen[str]:
    """Run a management command in a process of its own. `output`: where stdout and stderr go.

    `through` may put another command before it.
    """
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pricetracker.settings",
        "DATABASE_URL": database_url(),
        **environment,
    }
    if exchange is not None:
        env |= {"BINANCE_WS_URL": exchange.ws_url, "BINANCE_REST_URL": exchange.rest_url}
    return subprocess.Popen(
        through([sys.executable, "manage.py", *arguments]),
        cwd=PROJECT,
        env=env,
        stdout=output,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@contextmanager
def recorder(
    exchange: Running, *symbols: str, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """`stream_prices` for as long as the block lasts; then it must end well on SIGTERM, unless it
    was killed.
    """
    process = manage("stream_prices", *symbols, exchange=exchange, **environment)
    try:
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, output
    finally:
        process.kill()
        output, _ = process.communicate()
        print(output)  # noqa: T201 - pytest shows it when the test fails
