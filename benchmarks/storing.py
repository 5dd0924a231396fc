"""Storing: from a decoded batch to its commit, with dedupe, candles and gaps; no socket.

Also of a batch in which every tick is known already, as the second of two recorders brings it; and
by two recorders of disjoint symbols at once, which have a writer lock each.

The baselines are COPY of the same rows in one go into the same table, which has all its indexes;
and what the usual tracker does, one INSERT and commit a tick into a table of three columns.
"""

import math
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from prices.exchange.messages import AggTrade
from prices.minutes import EPOCH

from .crowd import traded
from .tracker import stay

if TYPE_CHECKING:
    # Its models can be imported by processes alone that have set up Django.
    from prices.recording.tape import Tape

# COPY's rows; and what is stored in the largest batches.
TICKS = 1_000_000

# The buffer hands out no larger ones. In a quiet market they are small.
BATCHES = (10_000, 1_000, 100)

SYMBOLS = ("BTCUSDT", "ETHUSDT")

USUAL = """
CREATE TABLE usual (
    id bigserial PRIMARY KEY, symbol varchar(20) NOT NULL, price numeric(18, 8) NOT NULL, timestamp timestamptz NOT NULL
)
"""  # noqa: E501

EMPTY = "TRUNCATE prices_price, prices_candle, prices_coarsecandle, prices_gap"

COPY = (
    "COPY prices_price (timestamp, first_trade, trades, symbol_id, is_buyer_maker, "
    "price, quantity) FROM STDIN"
)

KNOWN = "the tape, every tick known already"

# Batches that each of those has ready that store at the same time.
ALONE = 30

# Rows that are handed to COPY at once.
PIECE = 1_000


def rates(result: Connection, seconds: float) -> None:
    """Ticks a second, one way after another. All but COPY and the largest batches last that many
    seconds.
    """
    import django

    django.setup()

    from prices.recording.session import connect
    from prices.recording.tape import Tape

    tape = Tape(connect("benchmark"))
    tape.register(SYMBOLS)
    found = {
        "one INSERT and commit a tick": insert(tape.database, seconds),
        "COPY in one go": copy(tape.database, tape.numbers),
    }
    for size in BATCHES:
        lasting = math.inf if size == max(BATCHES) else seconds
        found[f"the tape, batches of {size:,}"] = store(tape, size, lasting)
        if size == max(BATCHES):
            found[KNOWN] = store_again(tape, size, seconds)
    tape.database.execute(EMPTY)
    tape.close()
    result.send(found)
    stay()


def insert(database: psycopg.Connection, seconds: float) -> float:
    make_usual(database)
    done, ticks, began = 0, traded(), time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        tick = next(ticks)
        database.execute(
            "INSERT INTO usual (symbol, price, timestamp) VALUES (%s, %s, %s)",
            (tick.symbol, tick.price, instant(tick)),
        )
        done += 1
    database.execute("DROP TABLE usual")
    return done / elapsed


def make_usual(database: psycopg.Connection) -> None:
    database.execute("DROP TABLE IF EXISTS usual")
    database.execute(USUAL)
    database.execute("CREATE INDEX ON usual (symbol, timestamp)")


def copy(database: psycopg.Connection, numbers: Mapping[str, int]) -> float:
    pieces = ["".join(row(tick, numbers) for tick in piece) for piece in batches(PIECE)]
    database.execute(EMPTY)
    began = time.perf_counter()
    with database.cursor() as cursor, cursor.copy(COPY) as rows:
        for piece in pieces:
            rows.write(piece)
    return TICKS / (time.perf_counter() - began)


def row(tick: AggTrade, numbers: Mapping[str, int]) -> str:
    symbol = numbers[tick.symbol]
    cells = (
        instant(tick),
        tick.first,
        tick.last - tick.first + 1,
        symbol,
        tick.is_buyer_maker,
        tick.price,
        tick.quantity,
    )
    return "\t".join(map(str, cells)) + "\n"


def instant(tick: AggTrade) -> datetime:
    return EPOCH + timedelta(microseconds=tick.traded)


def store(tape: "Tape", size: int, seconds: float) -> float:
    """Only the storing counts: each batch is made before."""
    tape.database.execute(EMPTY)
    done, took = 0, 0.0
    for batch in batches(size):
        began = time.perf_counter()
        stored = tape.store(batch)
        took += time.perf_counter() - began
        done += stored.ticks
        if took > seconds:
            break
    return done / took


def store_again(tape: "Tape", size: int, seconds: float) -> float:
    """All that is on the tape comes once more."""
    done, took = 0, 0.0
    for batch in batches(size):
        began = time.perf_counter()
        assert tape.store(batch).ticks == 0  # noqa: S101 - else it would measure something else
        took += time.perf_counter() - began
        done += len(batch)
        if took > seconds:
            break
    return done / took


def alone(result: Connection, symbol: str, seconds: float, begins: float) -> None:
    """Ticks a second of one symbol, stored for some seconds from an instant of the wall's
    clock on.
    """
    import django

    django.setup()

    from prices.recording.session import connect
    from prices.recording.tape import Tape

    tape = Tape(connect("benchmark"))
    tape.register([symbol])
    for table in ("prices_price", "prices_candle", "prices_coarsecandle", "prices_gap"):
        wanted = sql.SQL("DELETE FROM {} WHERE symbol_id = %s").format(sql.Identifier(table))
        tape.database.execute(wanted, [tape.numbers[symbol]])
    ticks = (tick for tick in traded() if tick.symbol == symbol)
    pending = [list(islice(ticks, max(BATCHES))) for _ in range(ALONE)]
    done = 0
    time.sleep(max(0.0, begins - time.time()))
    began = time.perf_counter()
    for batch in pending:
        done += tape.store(batch).ticks
        if time.perf_counter() - began > seconds:
            break
    result.send(done / (time.perf_counter() - began))
    tape.close()
    stay()


def batches(size: int) -> Iterator[list[AggTrade]]:
    """All TICKS, so many at a time."""
    ticks = islice(traded(), TICKS)
    while batch := list(islice(ticks, size)):
        yield batch
