"""A thousand readers of live push at once, against none: what they cost everybody who asks, and the
site that serves them.

All of it is on one machine: exchange, recorder, PostgreSQL, site, the readers, and whoever asks,
one question after another on a line that stays open. So the readers' own work is in the price, too.
"""

import asyncio
import http.client
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import psutil

from pricetracker.process.supervisor import Children, context
from pricetracker.serving.connections import raise_file_limit

from .figures import Table, percentile, spread
from .options import Options
from .tracker import Tracker, looped, stay, tracker

READERS = 1_000

SYMBOLS = ("BTCUSDT", "ETHUSDT")

MEBIBYTE = 1 << 20

# Seconds until a tape is there to ask about, and until all readers have come.
SETTLING_IN = 5

# Seconds between two looks at the site.
LOOK = 0.25

EVENT = b"event: "


class Site(NamedTuple):
    """Of the site's process: share of one processor in percent, memory in MiB, threads; and
    database sessions of all. At most.
    """

    processor: float
    memory: float
    threads: float
    sessions: float


def run(options: Options) -> list[Table]:
    seconds = options.seconds
    with tracker(SYMBOLS, looped) as running:
        time.sleep(SETTLING_IN)
        found = []
        for _ in range(options.rounds):
            alone = figures(running, seconds)
            with reading(running) as events:
                before, began = events(), time.perf_counter()
                crowded = figures(running, seconds)
                rate = (events() - before) / (time.perf_counter() - began) / READERS
            found.append((alone, {"events a second, each reader": rate} | crowded))
    ratios = [{name: crowded[name] / alone[name] for name in alone} for alone, crowded in found]
    return [
        spread("without a reader", [alone for alone, _ in found]),
        spread(f"with {READERS} readers", [crowded for _, crowded in found]),
        spread("the second by the first", ratios),
    ]


def figures(running: Tracker, seconds: float) -> dict[str, float]:
    answers, site = running.measure(asking, running.url, running.pid, seconds)
    return {
        f"{question}, {name}, ms": figure(took)
        for question, took in answers.items()
        for name, figure in (("median", statistics.median), ("99 %", lambda t: percentile(t, 99)))
    } | {
        "site's share of one processor, %": site.processor,
        "site's memory, MiB": site.memory,
        "site's threads": site.threads,
        "database sessions": site.sessions,
    }


@contextmanager
def reading(running: Tracker) -> Iterator[Callable[[], int]]:
    """Readers for as long as the block lasts; what it gives counts the events that they
    were sent.
    """
    ours, theirs = context.Pipe()
    with Children(running.environment) as children:
        children.start(crowd, theirs, running.url)
        theirs.close()
        ours.recv()

        def events() -> int:
            ours.send(None)
            return int(ours.recv())

        yield events


# What the children do. Each announces what it has found.


class Reader(asyncio.Protocol):
    """Asks for all events, and counts them as they come: for all readers together."""

    opened = events = 0
    complete = asyncio.Event()

    def __init__(self, host: str) -> None:
        self.host = host
        self.end = b""

    def connection_made(self, transport: Any) -> None:
        transport.write(f"GET /api/events/ HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())

    def data_received(self, received: bytes) -> None:
        if not self.end:
            if b" 200 " not in received[:16]:
                sys.exit(f"A reader was refused: {received[:200]!r}")
            Reader.opened += 1
            if Reader.opened == READERS:
                Reader.complete.set()
        joined = self.end + received
        Reader.events += joined.count(EVENT)
        # An event may come in two pieces.
        self.end = joined[1 - len(EVENT) :]

    def connection_lost(self, error: Exception | None) -> None:
        sys.exit("A reader was turned away.")


def crowd(line: Connection, url: str) -> None:
    raise_file_limit()
    asyncio.run(read(line, urlsplit(url).netloc))


async def read(line: Connection, host: str) -> None:
    """Tell when all readers have come, and then how many events they have had, each time it is
    asked.
    """
    loop = asyncio.get_running_loop()
    name, port = host.split(":")
    for _ in range(READERS):
        await loop.create_connection(lambda: Reader(host), name, int(port))
    await Reader.complete.wait()
    line.send(None)
    loop.add_reader(line.fileno(), lambda: line.send(line.recv() or Reader.events))
    await asyncio.Event().wait()


def asking(result: Connection, url: str, pid: int, seconds: float) -> None:
    """Questions one after another, and looks at the site meanwhile."""
    import django

    django.setup()

    site = psutil.Process(pid)
    looks: list[tuple[float, ...]] = []
    site.cpu_percent()
    threading.Thread(target=look, args=(site, looks), daemon=True).start()
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    took: dict[str, list[float]] = {"/latest": [], "/price-at-second": []}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for path, times in took.items():
            began = time.perf_counter()
            connection.request("GET", f"{path}?{urlencode(question(path))}")
            answer = connection.getresponse()
            answer.read()
            times.append((time.perf_counter() - began) * 1000)
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(f"{path}: {answer.status}")
    result.send((took, Site(site.cpu_percent(), *(max(each) for each in zip(*looks, strict=True)))))
    stay()


def question(path: str) -> dict[str, str]:
    if path == "/latest":
        return {"symbol": SYMBOLS[0]}
    asked = datetime.now(UTC) - timedelta(seconds=SETTLING_IN / 2)
    return {"symbol": SYMBOLS[0], "timestamp": asked.isoformat()}


def look(site: psutil.Process, looks: list[tuple[float, ...]]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            )
            ((sessions,),) = cursor.fetchall()
            # Not counting this one.
            looks.append((site.memory_info().rss / MEBIBYTE, site.num_threads(), sessions - 1))
            time.sleep(LOOK)
