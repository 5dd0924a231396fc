"""Those who take from an exchange at full speed, each a process of its own: websocket-client alone,
and the recorder.
"""

import io
import math
import os
import threading
import time
import traceback
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

import psutil
import websocket

from prices.exchange.connection import connect as connect_stream
from prices.exchange.subscription import Subscription, aggregate_trades

from .processes import postmaster, processor_seconds, resident
from .sources import Source, trust
from .tracker import stay

if TYPE_CHECKING:
    # Its models can be imported by processes alone that have set up Django.
    from prices.recording.counters import Counters

# Seconds before a measurement begins: connections, caches and the first candles are made.
WARM_UP = 2.0

# Seconds between two looks at a recorder's memory.
LOOK = 0.5


class Recorded(NamedTuple):
    """Ticks committed a second; processor seconds a million of them, NaN of a PostgreSQL that is
    not ours; memory in MiB.
    """

    rate: float
    recorder: float
    postgresql: float
    exchange: float
    memory_early: float
    memory_peak: float


def bare(result: Connection, source: Source, symbols: Sequence[str], seconds: float) -> None:
    """Frames a second."""
    wanted = aggregate_trades(source.url, symbols)
    connection = websocket.create_connection(
        wanted.url, skip_utf8_validation=True, sslopt={"context": trust()}
    )
    subscribe(connection, wanted)
    count_frames(connection, WARM_UP)
    result.send(count_frames(connection, seconds))
    stay()


def subscribe(connection: websocket.WebSocket, wanted: Subscription) -> None:
    """To what has no room in the URL."""
    for text in wanted.messages:
        connection.send(text)


def count_frames(connection: websocket.WebSocket, seconds: float) -> float:
    frames, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        for _ in range(1000):
            connection.recv_data()
        frames += 1000
    return frames / elapsed


def record(result: Connection, source: Source, symbols: Sequence[str], seconds: float) -> None:
    import django

    django.setup()

    from django.db import connection

    from prices.recording.build import build_recorder
    from prices.recording.session import connect
    from prices.recording.tape import Tape
    from pricetracker.process.signals import StopRequest

    # Each exchange begins a year ago, which an earlier measurement has recorded far beyond.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE prices_price, prices_candle, prices_coarsecandle, prices_gap")
    with StopRequest() as stop:
        recording = build_recorder(
            aggregate_trades(source.url, symbols),
            symbols,
            rest=None,
            open_tape=lambda: Tape(connect(application_name="benchmark")),
            stop=stop,
            out=io.StringIO(),
            connect=partial(connect_stream, context=trust()),
        )
        looking = (recording.writer.counters, source, seconds, result)
        threading.Thread(target=watch, args=looking, daemon=True).start()
        recording.run()


def watch(counters: "Counters", source: Source, seconds: float, result: Connection) -> None:
    """Count what is committed and what that costs, and look at the memory meanwhile."""
    try:
        result.send(watched(counters, source, seconds))
    except BaseException:  # noqa: BLE001 - told, and the process ends
        traceback.print_exc()
        # The recorder would go on for ever, and be waited for.
        os._exit(1)


def watched(counters: "Counters", source: Source, seconds: float) -> Recorded:
    recorder, exchange = psutil.Process(), psutil.Process(source.pid)
    time.sleep(WARM_UP)
    costing = (recorder, postmaster(), exchange)
    before = [processor_seconds(process) if process else math.nan for process in costing]
    early = peak = resident(recorder)
    ticks, began = counters.ticks, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        time.sleep(LOOK)
        peak = max(peak, resident(recorder))
    millions = (counters.ticks - ticks) / 1_000_000
    own, database, other = (
        (processor_seconds(process) - spent) / millions if process else math.nan
        for process, spent in zip(costing, before, strict=True)
    )
    return Recorded(millions * 1_000_000 / elapsed, own, database, other, early, peak)
