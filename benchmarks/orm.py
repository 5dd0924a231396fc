"""ORM: what the SQL of the questions saves against the same questions by Django's ORM, in one run.

Both are asked in one process, one after the other at the same place, in an order that is drawn,
while 1,000 ticks a second are recorded. Before, their answers and verdicts are compared.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prices.management.commands import start
from pricetracker.process.supervisor import Children

from . import asked, files
from .crowd import crowd
from .figures import Table, spread
from .ground import ground
from .growing import grow
from .grown import COPIES, SPEED, Grown
from .inside import CANDLES, CANDLES_REACH, Times
from .options import Options
from .proof import check
from .questions import recorded
from .stopwatch import stopwatch
from .tracker import looped, never, stay

# Places at which the answers are compared. While ticks are recorded, `latest` differs: it is
# compared by the verdict alone.
COMPARED = 100

# A question at a drawn place: by our SQL, and by the ORM.
Pair = tuple[Callable[[], Any], Callable[[], Any]]

OURS, ORM = "our SQL", "the ORM"


def run(options: Options) -> list[Table]:
    size = options.sizes[0]
    at = f"at {size / 1_000_000:g} million ticks"
    with tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as folder, ground() as here:
        files.check_room(here["PRICETRACKER_HOME"], size)
        recordings = list(crowd(Path(folder), COPIES).values())
        began = datetime.now(UTC)
        with Children(os.environ | here) as children:
            exchange = children.announced(looped, recordings, SPEED, stop=never)
            environment = children.environment | start.where(exchange)
            with Children(environment) as growing:
                grown = growing.announced(grow, recordings, began, 0, size, stop=never)
            tables = [asked.tape(grown, at)]
            with recorded(environment, exchange, grown) as running:
                rounds = [
                    running.measure(asking_both, grown, options.seconds)
                    for _ in range(options.rounds)
                ]
    for clock, what in enumerate(("database time", "in Python")):
        middle = [medians(each[clock]) for each in rounds]
        tables.append(spread(f"{what} {at}, our SQL and the ORM, ms", middle))
        tables.append(spread(f"{what} {at}, the ORM by our SQL", list(map(ratios, middle))))
    return tables


def medians(times: Times) -> dict[str, float]:
    return {name: statistics.median(each) for name, each in times.items()}


def ratios(middle: dict[str, float]) -> dict[str, float]:
    names = [name.removesuffix(f", {ORM}") for name in middle if name.endswith(f", {ORM}")]
    return {name: middle[f"{name}, {ORM}"] / middle[f"{name}, {OURS}"] for name in names}


# What the child does. It announces what it has found.


def asking_both(result: Connection, grown: Grown, seconds: float) -> None:
    """Announces milliseconds in the database, and in all, by question and by who puts it."""
    watch = stopwatch()
    drawn = random.Random()  # noqa: S311
    pairs = questions(grown)
    compare(pairs, drawn)
    times: tuple[Times, Times] = ({}, {})
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, pair in drawn.sample(list(pairs.items()), len(pairs)):
            both = dict(zip((OURS, ORM), pair(drawn), strict=True))
            # In any order: the second finds in memory what the first has read.
            for who, ask in drawn.sample(list(both.items()), 2):
                for clock, took in zip(times, watch.times(ask), strict=True):
                    clock.setdefault(f"{name}, {who}", []).append(took)
    result.send([dict(sorted(clock.items())) for clock in times])
    stay()


def questions(grown: Grown) -> dict[str, Callable[[random.Random], Pair]]:
    from prices.candle_intervals import INTERVALS
    from prices.models import Price, Symbol
    from prices.models.series import Series

    from . import orm_questions as orm

    recorded_symbols = {symbol.name: symbol for symbol in Symbol.objects.all()}

    def latest(drawn: random.Random) -> Pair:
        name = grown.symbol(drawn)
        return lambda: Price.objects.latest(symbols=[name])[0], lambda: orm.latest(name)

    def as_of(drawn: random.Random) -> Pair:
        where = grown.symbol(drawn), grown.instant(drawn)
        return partial(Price.objects.as_of, *where), partial(orm.as_of, *where)

    def minute(drawn: random.Random) -> Pair:
        where = grown.symbol(drawn), grown.minute(drawn)
        return partial(Price.objects.minute, *where), partial(orm.minute, *where)

    def candles(drawn: random.Random) -> Pair:
        symbol = recorded_symbols[grown.symbol(drawn)]
        end = grown.minute(drawn) + CANDLES_REACH
        ours = partial(Series(symbol, INTERVALS["1m"], end=end).newest, CANDLES)
        return ours, partial(orm.candles, symbol, end, CANDLES)

    return {
        "latest": latest,
        "latest of all": lambda drawn: (Price.objects.latest, orm.latest_of_all),
        "as-of": as_of,
        "minute": minute,
        f"{CANDLES} candles": candles,
        "state of all": lambda drawn: (Symbol.objects.with_state, orm.state),
    }


def compare(pairs: dict[str, Callable[[random.Random], Pair]], drawn: random.Random) -> None:
    """Raises RuntimeError when a question has two answers. Also a warm-up."""
    for name in ("as-of", "minute"):
        for _ in range(COMPARED):
            ours, orm = (ask() for ask in pairs[name](drawn))
            check(orm[0], ours[0], name)
            check(orm[1].verdict, ours[1].verdict, name)
    for name in set(pairs) - {"as-of", "minute"}:
        ours, orm = (ask() for ask in pairs[name](drawn))
        check(len(orm), len(ours), name)
