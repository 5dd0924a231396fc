"""The questions over HTTP, each at a random place, in turns with views that do nothing on the same
server.
"""

import http.client
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from multiprocessing.connection import Connection
from urllib.parse import urlencode, urlsplit

from prices.candle_intervals import INTERVALS

from .grown import Grown
from .inside import CANDLES, CANDLES_REACH, NOTHING, Times
from .tracker import stay

# How many ask at once when it is counted how many answers there are a second.
AT_ONCE = 4

# Of what was recorded long ago nothing else can be said.
COVERAGE = {"/price-at-second": "complete", "/minmax": "complete"}

# Those that are folded from stored candles, a month of which few are on any tape left out.
LONG_INTERVALS = [name for name, each in INTERVALS.items() if each.source and each.origin == 0]

Draw = Callable[[random.Random], str]


class Line:
    """A line to the site that stays open."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def ask(self, target: str) -> float:
        """Milliseconds until the answer is here. Raises RuntimeError when it is not the one that
        there must be.
        """
        began = time.perf_counter()
        self.connection.request("GET", target)
        answer = self.connection.getresponse()
        answer.read()
        took = (time.perf_counter() - began) * 1000
        coverage = answer.getheader("X-Coverage")
        if answer.status != HTTPStatus.OK or coverage != COVERAGE.get(
            urlsplit(target).path, coverage
        ):
            raise RuntimeError(f"{target}: {answer.status}, {coverage}")
        return took


def targets(grown: Grown) -> dict[str, Draw]:
    def question(path: str, **query: object) -> str:
        return f"{path}?{urlencode(query)}"

    return {
        NOTHING: lambda drawn: "/nothing",
        "nothing, by REST framework": lambda drawn: "/nothing-of-rest-framework",
        "latest": lambda drawn: question("/latest", symbol=grown.symbol(drawn)),
        "as-of": lambda drawn: question(
            "/price-at-second",
            symbol=grown.symbol(drawn),
            timestamp=grown.instant(drawn).isoformat(),
        ),
        "minute": lambda drawn: question(
            "/minmax", symbol=grown.symbol(drawn), timestamp=grown.minute(drawn).isoformat()
        ),
        f"{CANDLES} candles": lambda drawn: question(
            "/api/candles/",
            symbol=grown.symbol(drawn),
            interval="1m",
            limit=CANDLES,
            to=grown.instant(drawn, after=CANDLES_REACH).isoformat(),
        ),
        # Of as many as the tape has: 500 days are on one of 100 million ticks.
        f"{CANDLES} candles of any interval": lambda drawn: question(
            "/api/candles/",
            symbol=grown.symbol(drawn),
            interval=drawn.choice(LONG_INTERVALS),
            limit=CANDLES,
        ),
    }


# What the children do. Each announces what it has found.


def asking_site(result: Connection, url: str, grown: Grown, seconds: float) -> None:
    """One question after another, all kinds in turns; once for nothing, as a site is slow
    at first.
    """
    drawn, line = random.Random(), Line(url)  # noqa: S311
    draws = targets(grown)
    times: Times = {name: [] for name in draws}
    for draw in draws.values():
        line.ask(draw(drawn))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        # In any order: what comes after a long answer is slower.
        for name, draw in drawn.sample(list(draws.items()), len(draws)):
            times[name].append(line.ask(draw(drawn)))
    result.send(times)
    stay()


def crowding_site(result: Connection, url: str, grown: Grown, seconds: float) -> None:
    """Answers a second that several get who ask at once, of one kind after another."""
    draws = targets(grown)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        result.send(
            {
                name: sum(pool.map(rate, [(url, draw, seconds / len(draws))] * AT_ONCE))
                for name, draw in draws.items()
            }
        )
    stay()


def rate(asked: tuple[str, Draw, float]) -> float:
    """Answers a second that one gets."""
    url, draw, seconds = asked
    drawn, line = random.Random(), Line(url)  # noqa: S311
    answers, began = 0, time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        line.ask(draw(drawn))
        answers += 1
    return answers / elapsed
