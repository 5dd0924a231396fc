"""Growing a tape backward, in the server and without its indexes: faster than it could be
recorded.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
from psycopg import sql

from prices.recording.coarse_candles import keep
from prices.recording.session import connect
from prices.recording.tape import Tape

from .grown import Grown, Past
from .joining import catch_up
from .proof import prove
from .tracker import stay

# Seconds: the server writes everything that it has in memory when it stops.
STOPPING = 300

# How often it is told how far the growth has come.
TELLINGS = 10

# For a sort of a hundred million keys.
FOR_GROWTH = "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'"

# A repetition and its candles, as the newest one has them. Ticks in order of time: symbols are
# mixed as they are when recorded.
LOOP = """
CREATE TEMP TABLE loop (
    symbol smallint, first_trade bigint, stride bigint, trades integer, micros bigint, is_buyer_maker boolean,
    price numeric(18, 8), quantity numeric(28, 8)
)
"""  # noqa: E501
COPY = "COPY loop FROM STDIN"
MINUTES = """
CREATE TEMP TABLE minutes AS SELECT
    symbol, stride, micros / 60000000 AS minute,
    min(first_trade) AS first_trade, max(first_trade + trades - 1) AS last_trade, sum(trades) AS trades,
    (array_agg(price ORDER BY first_trade))[1] AS open, max(price) AS high, min(price) AS low,
    (array_agg(price ORDER BY first_trade DESC))[1] AS close, sum(quantity) AS volume,
    sum(price * quantity) AS quote_volume,
    coalesce(sum(quantity) FILTER (WHERE NOT is_buyer_maker), 0) AS taker_buy_volume,
    coalesce(sum(price * quantity) FILTER (WHERE NOT is_buyer_maker), 0) AS taker_buy_quote_volume
FROM loop GROUP BY symbol, stride, minute ORDER BY minute, symbol
"""  # noqa: E501
TICKS = """
INSERT INTO prices_price (timestamp, first_trade, trades, symbol_id, is_buyer_maker, price, quantity)
SELECT
    %(begins)s::timestamptz + micros * interval '1 microsecond', first_trade - %(nth)s * stride,
    trades, symbol, is_buyer_maker, price, quantity
FROM loop
"""  # noqa: E501
CANDLES = """
INSERT INTO prices_candle (
    minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume,
    quote_volume, taker_buy_volume, taker_buy_quote_volume
)
SELECT
    %(begins)s::timestamptz + minute * interval '1 minute',
    first_trade - %(nth)s * stride, last_trade - %(nth)s * stride, trades, symbol, open, high, low, close, volume,
    quote_volume, taker_buy_volume, taker_buy_quote_volume
FROM minutes
"""  # noqa: E501

INDEXES = """
SELECT relname, pg_get_indexdef(indexrelid), conname, CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u')
WHERE indrelid = 'prices_price'::regclass
"""  # noqa: E501


def grow(ready: Connection, files: Sequence[Path], at: datetime, held: int, ticks: int) -> None:
    """Make the tape from at least `held` ticks of the past to `ticks`, and come to the present.
    Nobody is to use it meanwhile.
    """
    from django.core.management import execute_from_command_line
    from django.db import connection

    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
    began = time.monotonic()
    past = Past(files, at)
    first, last = past.repetitions(held) + 1, past.repetitions(ticks)
    line = connect("benchmark")
    tape = Tape(line)
    tape.register(list(past.markets))
    put_loop(line, past, tape.numbers)
    with without_indexes(line):
        # The oldest first: that is how it lies on a disk.
        for nth in range(last, first - 1, -1):
            line.execute(TICKS, where := {"nth": nth, "begins": past.begins(nth)})
            line.execute(CANDLES, where)
            if (last - nth) % max(1, (last - first) // TELLINGS) == 0:
                there = (first + last - nth) * past.ticks
                print(f"{there:,} ticks of the past are there", flush=True)
    keep(line, dict.fromkeys(tape.numbers.values(), ()))
    line.execute("VACUUM (ANALYZE) prices_price, prices_candle, prices_coarsecandle")
    catch_up(tape, past)
    line.close()
    took = time.monotonic() - began
    grown = Grown(tuple(past.markets), past.begins(last), past.ends, last * past.ticks, took)
    prove(grown, past)
    if hasattr(connection, "release_server"):
        connection.release_server(STOPPING)
    ready.send(grown)
    stay()


def put_loop(line: psycopg.Connection, past: Past, numbers: dict[str, int]) -> None:
    line.execute(FOR_GROWTH)
    line.execute(LOOP)
    with line.cursor() as cursor, cursor.copy(COPY) as copy:
        for name, *cells in sorted(past.rows(), key=lambda row: row[4]):
            copy.write_row((numbers[name], *cells))
    line.execute(MINUTES)


@contextmanager
def without_indexes(line: psycopg.Connection) -> Iterator[None]:
    """Those of the ticks are made anew afterwards, from their own definitions: a fraction of the
    work.
    """
    found = line.execute(INDEXES).fetchall()
    table = sql.SQL("ALTER TABLE prices_price {}")
    line.execute(table.format(sql.SQL("SET (autovacuum_enabled = off)")))
    for index, _, constraint, _ in found:
        if constraint:
            drop = sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(constraint))
            line.execute(table.format(drop))
        else:
            line.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
    yield
    for index, definition, constraint, kind in found:
        line.execute(definition)
        if constraint:
            names = (sql.Identifier(constraint), sql.SQL(kind), sql.Identifier(index))
            line.execute(
                table.format(sql.SQL("ADD CONSTRAINT {} {} USING INDEX {}").format(*names))
            )
    line.execute(table.format(sql.SQL("RESET (autovacuum_enabled)")))
