"""Those who note when ticks are where: on the socket, committed, visible. Each is a process of its
own, and announces what it noted.

Clocks are compared: exchange, recorder and PostgreSQL must be on one machine.
"""

import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

import websocket

from prices.exchange.messages import AggTrade, parse
from prices.exchange.subscription import aggregate_trades

from .tracker import stay

# Seconds that a look waits for a notice at most.
PATIENCE = 0.1

COMMITTED = """
SELECT symbol.name, price.first_trade, extract(epoch FROM price.timestamp)::float8,
    extract(epoch FROM pg_xact_commit_timestamp(price.xmin))::float8
FROM prices_price price JOIN prices_symbol symbol ON symbol.id = price.symbol_id
WHERE price.timestamp >= to_timestamp(%s) AND price.timestamp < to_timestamp(%s)
"""

NEWEST = """
SELECT symbol.name, newest.first_trade FROM prices_symbol symbol CROSS JOIN LATERAL (
    SELECT first_trade FROM prices_price WHERE symbol_id = symbol.id ORDER BY timestamp DESC, first_trade DESC LIMIT 1
) newest
"""  # noqa: E501


class Traded(NamedTuple):
    """A tick on the tape, by its symbol and first trade: seconds since 1970 of its trade and of its
    commit.
    """

    symbol: str
    first: int
    at: float
    committed: float


class Look(NamedTuple):
    """The newest tick of a symbol that another session found, by its first trade, and when it had
    read it.
    """

    symbol: str
    newest: int
    at: float


def hearing(result: Connection, url: str, symbols: Sequence[str], seconds: float) -> None:
    """When websocket-client alone had a tick, by symbol and first trade. What is in the frames is
    looked at afterwards.
    """
    connection = websocket.create_connection(
        aggregate_trades(url, symbols).url, skip_utf8_validation=True
    )
    frames, now, ends = [], 0.0, time.time() + seconds
    while now < ends:
        _, frame = connection.recv_data()
        now = time.time()
        frames.append((frame, now))
    events = ((parse(frame), at) for frame, at in frames)
    ticks = ((event, at) for event, at in events if isinstance(event, AggTrade))
    result.send({(tick.symbol, tick.first): at for tick, at in ticks})
    stay()


def looking(result: Connection, seconds: float) -> None:
    """Looks for the newest ticks whenever the recorder tells that there are any, which it does
    after each commit.
    """
    import django

    django.setup()

    from prices.channels import TICKS
    from prices.recording.session import connect

    looks, ends = [], time.time() + seconds
    with connect("benchmark") as database:
        database.execute(f"LISTEN {TICKS}")
        while time.time() < ends:
            for _ in database.notifies(timeout=PATIENCE, stop_after=1):
                pass
            found = database.execute(NEWEST, prepare=True).fetchall()
            now = time.time()
            looks += [Look(symbol, newest, now) for symbol, newest in found]
    result.send(looks)
    stay()


def committed(result: Connection, begins: float, ends: float) -> None:
    """The ticks that were traded between two instants."""
    import django

    django.setup()

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(COMMITTED, [begins, ends])
        result.send([Traded(*found) for found in cursor.fetchall()])
    stay()


def tracked(result: Connection) -> None:
    """Whether PostgreSQL keeps the instants of its commits."""
    import django

    django.setup()

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW track_commit_timestamp")
        ((setting,),) = cursor.fetchall()
    result.send(setting == "on")
    stay()
