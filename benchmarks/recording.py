"""Recording: ticks committed a second through the real socket, against websocket-client alone on the same frames.

The baseline is websocket-client's fastest plain way: `recv_data`, its own UTF-8 check off, nothing done with what comes. Both
take from the local exchange at full speed, in turn, each in a process of its own, beside the exchange and PostgreSQL.
"""

import io
import math
import os
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

import psutil
import websocket

from prices.children import Children
from prices.exchange.subscription import aggregate_trades
from replay.exchange import open_exchange
from replay.server import run as run_exchange

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Seconds before a measurement begins: connections, caches and the first candles are made.
WARM_UP = 2.0

# Seconds between two looks at a recorder's memory.
LOOK = 0.5

MEBIBYTE = 1 << 20


class Figures(NamedTuple):
    """Ticks a second; of a recorder also its memory in MiB, after the warm-up and at its peak."""

    rate: float
    memory_early: float = math.nan
    memory_peak: float = math.nan


def run(seconds: float, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as home:
        here = {"DJANGO_SETTINGS_MODULE": "benchmarks.settings", "PRICETRACKER_HOME": home}
        with Children(os.environ | here) as children:
            children.announced(database, stop=never)
            pairs = [
                (measure(bare, seconds, here), measure(record, seconds, here))
                for _ in range(rounds)
            ]
    report(pairs)


def never() -> bool:
    return False


def measure(child, seconds: float, environment: dict[str, str]) -> Figures:
    """One measurement, on an exchange that begins afresh."""
    with Children(environment) as children:
        url = children.announced(exchange, stop=never)
        return children.announced(child, url, seconds, stop=never)


def report(pairs: list[tuple[Figures, Figures]]) -> None:
    """A row a figure: median, least and most of the rounds; the ratio is taken pair by pair."""
    rows = {
        "websocket-client alone, frames a second": [alone.rate for alone, _ in pairs],
        "recorder, ticks committed a second": [recorder.rate for _, recorder in pairs],
        "the second by the first": [recorder.rate / alone.rate for alone, recorder in pairs],
        "recorder's memory after warm-up, MiB": [recorder.memory_early for _, recorder in pairs],
        "recorder's memory at its peak, MiB": [recorder.memory_peak for _, recorder in pairs],
    }
    print(f"{'':44}{'median':>12}{'least':>12}{'most':>12}")
    for name, values in rows.items():
        figures = (statistics.median(values), min(values), max(values))
        print(f"{name:44}" + "".join(f"{figure:12,.2f}" for figure in figures))


# What the children do. Each announces what it has found.


def database(ready: Connection) -> None:
    """Holds the private PostgreSQL for as long as the benchmark lasts."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
    ready.send(True)
    threading.Event().wait()


def exchange(ready: Connection) -> None:
    endless = open_exchange([], speed=math.inf, loop=True)
    run_exchange(endless, "127.0.0.1", 0, lambda address: ready.send(address.ws_url))


def bare(result: Connection, url: str, seconds: float) -> None:
    connection = websocket.create_connection(
        aggregate_trades(url, SYMBOLS).url, skip_utf8_validation=True
    )
    count_frames(connection, WARM_UP)
    result.send(Figures(count_frames(connection, seconds)))
    threading.Event().wait()


def count_frames(connection: websocket.WebSocket, seconds: float) -> float:
    """Frames received a second."""
    frames, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        for _ in range(1000):
            connection.recv_data()
        frames += 1000
    return frames / elapsed


def record(result: Connection, url: str, seconds: float) -> None:
    import django

    django.setup()

    from django.db import connection

    from prices.exchange.stream import Stream
    from prices.recording.buffer import Buffer
    from prices.recording.line import connect
    from prices.recording.pace import Pace
    from prices.recording.recorder import Recorder
    from prices.recording.status import Status
    from prices.recording.steady import SteadyTape
    from prices.recording.tape import Tape
    from prices.recording.writer import Writer
    from prices.stopping import StopRequest

    # Each exchange begins at the present, which an earlier measurement has recorded far beyond.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE prices_price, prices_candle, prices_gap")
    with StopRequest() as stop:
        stream = Stream(aggregate_trades(url, SYMBOLS), stopped=stop, sleep=stop.wait)
        buffer = Buffer()
        writer = Writer(
            buffer,
            SYMBOLS,
            heard=lambda: stream.heard,
            tape=SteadyTape(lambda: Tape(connect(application_name="benchmark")), SYMBOLS),
            status=Status(io.StringIO()),
            pace=Pace(SYMBOLS, time.monotonic()),
            renew=stream.renew,
        )
        threading.Thread(target=watch, args=(writer.tally, seconds, result), daemon=True).start()
        Recorder(stream, buffer, writer, stop).run()


def watch(tally, seconds: float, result: Connection) -> None:
    """Count what is committed, and look at the memory meanwhile."""
    process = psutil.Process()
    time.sleep(WARM_UP)
    early = peak = process.memory_info().rss
    ticks, began = tally.ticks, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        time.sleep(LOOK)
        peak = max(peak, process.memory_info().rss)
    rate = (tally.ticks - ticks) / elapsed
    result.send(Figures(rate, early / MEBIBYTE, peak / MEBIBYTE))
