"""Where a measurement takes place: an empty tape of its own, on the private PostgreSQL or on the
server of DATABASE_URL.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from . import files

# What the databases of the benchmarks are called: no other one is ever written to, or dropped.
PREFIX = "pricetracker_benchmark_"


@contextmanager
def ground() -> Iterator[dict[str, str]]:
    """Environment variables that lead a process to a tape that is empty, not yet migrated, and gone
    afterwards.

    A DATABASE_URL needs the right to create databases. Raises psycopg.Error when there is none.
    """
    with home() as folder:
        here = {"DJANGO_SETTINGS_MODULE": "benchmarks.settings", "PRICETRACKER_HOME": folder}
        server = os.environ.get("DATABASE_URL", "").strip()
        if not server:
            yield here
            return
        with database(server) as name:
            yield here | {"BENCHMARK_DATABASE": name}


@contextmanager
def home() -> Iterator[str]:
    """A folder that is removed at the end, when no server works in it any more."""
    # What remains in spite of that is no reason to lose the figures.
    with tempfile.TemporaryDirectory(
        prefix="pricetracker-benchmark-", ignore_cleanup_errors=True
    ) as folder:
        try:
            yield folder
        finally:
            files.has_stopped(Path(folder))


@contextmanager
def database(server: str) -> Iterator[str]:
    name = PREFIX + secrets.token_hex(4)
    quoted = sql.Identifier(name)
    with connected(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
    try:
        yield name
    finally:
        # Another line, as hours may have passed. Whoever still measures there was killed.
        with connected(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


def connected(server: str) -> psycopg.Connection:
    return psycopg.connect(conninfo.make_conninfo(server), autocommit=True)
