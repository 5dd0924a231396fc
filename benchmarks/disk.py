"""Bytes a tick on disk: a tape as a recorder fills it, in small batches in which the symbols take
turns.

The baseline is what the usual tracker keeps of the same ticks in the same order: symbol, price and
time, under a number of its own.
"""

import os
import tempfile
from collections.abc import Mapping
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg

from prices.exchange.messages import AggTrade
from pricetracker.process.supervisor import Children

from .crowd import MANY, crowd, traded
from .figures import Table
from .ground import ground
from .storing import SYMBOLS, instant, make_usual
from .tracker import never, stay

TICKS = 1_500_000

# What comes within a second when the market is busy.
BATCH = 300

SIZES = """
SELECT 'table', pg_table_size('prices_price')
UNION ALL
SELECT CASE WHEN indisprimary THEN 'primary key' ELSE 'index ' || indexrelid::regclass END, pg_relation_size(indexrelid)
FROM pg_index WHERE indrelid = 'prices_price'::regclass
UNION ALL
SELECT 'in all', pg_total_relation_size('prices_price')
UNION ALL
SELECT 'the usual table with its indexes', pg_total_relation_size('usual')
"""  # noqa: E501


def run(ticks: int = TICKS) -> Table:
    with tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as folder:
        many = crowd(Path(folder), MANY)
        few, crowded = measure(dict.fromkeys(SYMBOLS), ticks), measure(many, ticks)
    table = Table("bytes a tick on disk", ("2 symbols", f"{len(many)} symbols"))
    for name in few:
        table.add(name, (few[name], crowded[name]))
    return table


def measure(files: Mapping[str, Path | None], ticks: int) -> dict[str, float]:
    """By symbol, the file with its ticks, or none for the recordings that ship."""
    with ground() as here, Children(os.environ | here) as children:
        found: dict[str, float] = children.announced(fill, files, ticks, stop=never)
    whole, usual = found["in all"], found["the usual table with its indexes"]
    return found | {"the tape by the usual table": whole / usual}


def fill(result: Connection, files: Mapping[str, Path | None], ticks: int) -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])

    from prices.recording.session import connect
    from prices.recording.tape import Tape

    tape = Tape(connect("benchmark"))
    tape.register(list(files))
    make_usual(tape.database)
    market = islice(traded(filter(None, files.values())), ticks)
    while batch := list(islice(market, BATCH)):
        tape.store(batch)
        store_usual(tape.database, batch)
    sizes: dict[str, int] = dict(tape.database.execute(SIZES).fetchall())
    result.send({name: size / ticks for name, size in sizes.items()})
    stay()


def store_usual(database: psycopg.Connection, batch: list[AggTrade]) -> None:
    with (
        database.cursor() as cursor,
        cursor.copy("COPY usual (symbol, price, timestamp) FROM STDIN") as rows,
    ):
        for tick in batch:
            rows.write_row((tick.symbol, tick.price, instant(tick)))
