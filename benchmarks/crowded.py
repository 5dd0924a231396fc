"""Crowded: cheap questions beside twenty clients that ask for the costliest page, again and again.

All of it is on one machine: the clients' own work is in the times, too.
"""

import http.client
import statistics
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from pricetracker.process.supervisor import Children

from .figures import Table, percentile
from .ground import ground
from .options import Options
from .serving import SYMBOL
from .tracker import never, past, site, stay

CLIENTS = 20

COSTLIEST = f"/api/candles/?symbol={SYMBOL}&interval=1d&limit=1000"

QUESTIONS = (f"/latest?symbol={SYMBOL}", "/health", "/static/prices/page.css")

COLUMNS = ("median, ms", "99 %", "not 200")

# Seconds between two questions: who asks is not to be a crowd.
PAUSE = 0.01

# By question: times in milliseconds, and how many answers were something else than 200.
Found = dict[str, tuple[list[float], int]]


def run(options: Options) -> list[Table]:
    begins = datetime.now(UTC)
    # The crowd comes from one address.
    with ground() as here, Children(here | {"LIST_REQUESTS_PER_MINUTE": "0"}) as children:
        children.announced(past, round(begins.timestamp()) * 1_000_000, stop=never)
        url, _ = children.announced(site, stop=never)
        alone = children.announced(asking, url, options.seconds, stop=never)
        children.announced(crowd, url, stop=never)
        beside = children.announced(asking, url, options.seconds, stop=never)
    return [table("alone", alone), table(f"beside {CLIENTS} clients at the costliest page", beside)]


def table(title: str, found: Found) -> Table:
    made = Table(title, COLUMNS)
    for path, (times, refused) in found.items():
        made.add(path, (statistics.median(times), percentile(times, 99), refused))
    return made


# What the children do. Each announces what it has found.


def asking(result: Connection, url: str, seconds: float) -> None:
    line = http.client.HTTPConnection(urlsplit(url).netloc)
    times: dict[str, list[float]] = {path: [] for path in QUESTIONS}
    refused: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for path in QUESTIONS:
            began = time.perf_counter()
            line.request("GET", path)
            with line.getresponse() as answer:
                answer.read()
            times[path].append((time.perf_counter() - began) * 1000)
            refused[path] += answer.status != HTTPStatus.OK
            time.sleep(PAUSE)
    result.send({path: (taken, refused[path]) for path, taken in times.items()})
    stay()


def crowd(ready: Connection, url: str) -> None:
    begun = threading.Barrier(CLIENTS + 1)
    for _ in range(CLIENTS):
        threading.Thread(target=ask_for_ever, args=(url, begun), daemon=True).start()
    begun.wait()
    ready.send(True)
    stay()


def ask_for_ever(url: str, begun: threading.Barrier) -> None:
    line = http.client.HTTPConnection(urlsplit(url).netloc)
    begun.wait()
    while True:
        line.request("GET", COSTLIEST)
        with line.getresponse() as answer:
            answer.read()
