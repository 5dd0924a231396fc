"""Dumps of tapes that older commits recorded, and what they say, read without any of
today's code.
"""

import gzip
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from django.db import connection

from pricetracker.postgres import programs

FOLDER = Path(__file__).parents[1] / "data" / "tapes"

COPY = re.compile(r'COPY public\.(\w+) \(([\w", ]+)\) FROM stdin;')

# What pg_dump sets and servers before PostgreSQL 17 do not know: nothing has timed out yet anyway.
NEWER_SETTINGS = re.compile(rb"^SET transaction_timeout = 0;$", re.MULTILINE)

# How COPY writes what would end a column or a row.
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}

# Where a tick has no column for its first trade, these bits of its id are it.
TRADE_BITS = 44


class Tick(NamedTuple):
    """A row as the view `prices` shows it, its own key left out."""

    symbol: str
    first_trade: int
    trades: int
    price: Decimal
    quantity: Decimal
    timestamp: datetime


class Dump:
    """The rows of a dump, by table."""

    def __init__(self, name: str) -> None:
        self.sql = gzip.decompress((FOLDER / f"{name}.sql.gz").read_bytes())
        self.tables: dict[str, list[dict[str, str | None]]] = {}
        lines = iter(self.sql.decode("utf-8").split("\n"))
        for line in lines:
            if begun := COPY.fullmatch(line):
                columns = begun[2].replace('"', "").split(", ")
                self.tables[begun[1]] = list(rows(columns, lines))
        self.names = {row["id"]: str(row["name"]) for row in self.tables["prices_symbol"]}

    def ticks(self) -> list[Tick]:
        """In order of symbol and trade."""
        return sorted(self.tick(row) for row in self.tables["prices_price"])

    def tick(self, row: dict[str, str | None]) -> Tick:
        first = int(str(row.get("first_trade") or int(str(row["id"])) % 2**TRADE_BITS))
        return Tick(
            self.names[row["symbol_id"]],
            first,
            int(str(row["trades"])),
            Decimal(str(row["price"])),
            Decimal(str(row["quantity"])),
            datetime.fromisoformat(str(row["timestamp"])),
        )


def rows(columns: list[str], lines: Iterator[str]) -> Iterator[dict[str, str | None]]:
    for line in lines:
        if line == r"\.":
            return
        yield dict(zip(columns, map(plain, line.split("\t")), strict=True))


def plain(text: str) -> str | None:
    if text == r"\N":
        return None
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


@contextmanager
def restored(dump: Dump, name: str) -> Iterator[None]:
    """Django's connection on a database of its own that holds what the dump holds."""
    usual = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        psql(NEWER_SETTINGS.sub(b"", dump.sql))
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def psql(sql: bytes) -> None:
    params = connection.get_connection_params()
    done = subprocess.run(
        [
            programs.path("psql"),
            *("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"),
            *("--host", params["host"], "--port", str(params["port"])),
            *("--username", params["user"], "--dbname", params["dbname"]),
        ],
        env=os.environ | {"PGPASSWORD": params.get("password") or ""},
        input=sql,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
