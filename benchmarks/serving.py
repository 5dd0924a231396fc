"""Serving: processor time of the server per answer to each of the three questions, against a bare
service.

All servers answer from the same tape, which nobody writes meanwhile; one client asks one question
after another on a connection that stays open. What PostgreSQL takes is not counted: the statement
is the same. Wall time would say how busy the machine is.
"""

import http.client
import importlib.util
import random
import statistics
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import psutil

from pricetracker.process.supervisor import Children

from .candidates.servers import BARE, CANDIDATES, Candidate
from .figures import Table
from .ground import ground
from .options import Options
from .tracker import never, past

SYMBOL = "BTCUSDT"

# Of each measurement: the system counts processor time in hundredths of a second.
REQUESTS = 500
WARM_UP = 100

PATHS = ("/latest", "/price-at-second", "/minmax")

COLUMNS = ("median, ms", "least", "most", "times bare")

# Milliseconds of one candidate: by path, a figure per round.
Found = dict[str, list[float]]


class Asked:
    """One server, and the connection to it."""

    def __init__(self, url: str, pid: int) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self.process = psutil.Process(pid)

    def processor_time(self) -> float:
        """Seconds, of its workers too."""
        both = [self.process, *self.process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in both)

    def end(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for process in [*self.process.children(recursive=True), self.process]:
                process.kill()

    def ask(self, path: str, drawn: random.Random, begins: datetime, requests: int) -> float:
        """Milliseconds of processor time per answer."""
        before = self.processor_time()
        for _ in range(requests):
            self.connection.request("GET", f"{path}?{query(path, drawn, begins)}")
            with self.connection.getresponse() as answer:
                body = answer.read()
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        took = self.processor_time() - before
        # Servers close a connection that rests while others are asked. The next request opens it.
        self.connection.close()
        return took * 1000 / requests


def query(path: str, drawn: random.Random, begins: datetime) -> str:
    asked = {"symbol": SYMBOL}
    if path != "/latest":
        instant = begins - timedelta(minutes=1) - timedelta(hours=23) * drawn.random()
        asked["timestamp"] = instant.replace(tzinfo=None).isoformat()
    return urlencode(asked)


def run(options: Options) -> list[Table]:
    chosen = [each for each in (BARE, *CANDIDATES) if is_there(each)]
    begins = datetime.now(UTC)
    with ground() as here, Children(here) as children:
        children.announced(past, round(begins.timestamp()) * 1_000_000, stop=never)
        servers = {each.name: Asked(*children.announced(each.child, stop=never)) for each in chosen}
        found = measure(servers, begins, options.rounds)
        children.check(0, never)
    return [table(path, found) for path in PATHS]


def is_there(candidate: Candidate) -> bool:
    there = importlib.util.find_spec(candidate.needs) is not None
    if not there:
        print(f"Without {candidate.name}: {candidate.needs} is not installed.")
    return there


def measure(servers: Mapping[str, Asked], begins: datetime, rounds: int) -> dict[str, Found]:
    """All in turns, so that a busy minute of the machine concerns all alike."""
    drawn = random.Random()  # noqa: S311
    for server in servers.values():
        for path in PATHS:
            server.ask(path, drawn, begins, WARM_UP)
    found: dict[str, Found] = {name: {path: [] for path in PATHS} for name in servers}
    for _ in range(rounds):
        for name, server in drawn.sample(list(servers.items()), len(servers)):
            for path in PATHS:
                found[name][path].append(server.ask(path, drawn, begins, REQUESTS))
    return found


def table(path: str, found: Mapping[str, Found]) -> Table:
    made = Table(f"processor time per {path}", COLUMNS)
    bare = found.get(BARE.name)
    for name, times in found.items():
        ratio = (
            statistics.median(times[path]) / statistics.median(bare[path]) if bare else float("nan")
        )
        values = times[path]
        made.add(name, (statistics.median(values), min(values), max(values), ratio))
    return made
