"""The questions as the site asks the tape, one after another, in a process of its own with a line
of its own.

Two times are taken of each: all of it in Python, with the objects that are made; and of that the
round trips to the database, from a statement that is to be sent until its answer has been received.
That is what the database takes, and the way there and back.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from prices.minutes import MINUTE

from .grown import Grown
from .stopwatch import stopwatch
from .tracker import stay

CANDLES = 500

# A symbol may rest for a minute: so many hold that many candles.
CANDLES_REACH = CANDLES * MINUTE * 1.1

NOTHING = "nothing"

# Places that are asked for the first time after the caches were emptied, and then once more.
PLACES = 200

# Seconds until the recorder has fetched what was traded before it came.
PATIENCE = 120
BEAT = 0.1

# In milliseconds, by question.
Times = dict[str, list[float]]

Draw = Callable[[random.Random], Callable[[], Any]]


class Asked(NamedTuple):
    """`rate`: ticks a second that were recorded meanwhile."""

    database: Times
    python: Times
    rate: float


def questions(grown: Grown) -> dict[str, Draw]:
    """And first a statement that does nothing, which is the way there and back."""
    from django.db import connection

    from prices.candle_intervals import INTERVALS
    from prices.models import Price, Symbol
    from prices.models.series import Series

    symbols = {symbol.name: symbol for symbol in Symbol.objects.all()}

    def series(drawn: random.Random) -> Series:
        end = grown.instant(drawn, after=CANDLES_REACH)
        return Series(symbols[grown.symbol(drawn)], INTERVALS["1m"], end=end)

    def nothing() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return {
        NOTHING: lambda drawn: nothing,
        "latest": lambda drawn: partial(Price.objects.latest, symbols=[grown.symbol(drawn)]),
        "as-of": lambda drawn: partial(
            Price.objects.as_of, grown.symbol(drawn), grown.instant(drawn)
        ),
        "minute": lambda drawn: partial(
            Price.objects.minute, grown.symbol(drawn), grown.minute(drawn)
        ),
        f"{CANDLES} candles": lambda drawn: partial(series(drawn).newest, CANDLES),
    }


# What the children do. Each announces what it has found.


def settled(ready: Connection) -> None:
    """Waits until the tape is whole, and every symbol recorded."""
    import django

    django.setup()

    from prices.models import Gap, Symbol

    deadline = time.monotonic() + PATIENCE
    while Gap.objects.filter(status="open").exists() or any(
        not symbol.live for symbol in Symbol.objects.with_feed()
    ):
        if time.monotonic() > deadline:
            raise RuntimeError(f"The tape is not whole after {PATIENCE} seconds.")
        time.sleep(BEAT)
    ready.send(True)
    stay()


def asking(result: Connection, grown: Grown, seconds: float) -> None:
    """All questions in turn, each at a random place; once for nothing, as a process is slow at
    first.
    """
    watch = stopwatch()
    drawn = random.Random()  # noqa: S311
    draws = questions(grown)
    database: Times = {name: [] for name in draws}
    python: Times = {name: [] for name in draws}
    for draw in draws.values():
        draw(drawn)()
    since, ends = datetime.now(UTC), time.monotonic() + seconds
    while time.monotonic() < ends:
        # In any order: what comes after a long answer is slower.
        for name, draw in drawn.sample(list(draws.items()), len(draws)):
            inside, whole = watch.times(draw(drawn))
            database[name].append(inside)
            python[name].append(whole)
    result.send(Asked(database, python, recorded(since) / seconds))
    stay()


def recorded(since: datetime) -> int:
    """Ticks, up to now."""
    from prices.models import Price, Symbol

    until = {"timestamp__gte": since, "timestamp__lt": datetime.now(UTC)}
    return sum(Price.objects.filter(symbol=each, **until).count() for each in Symbol.objects.all())


def first_asked(result: Connection, grown: Grown) -> None:
    """Each question at many places, twice. What a first question needs wherever it is asked is in
    memory: one was asked before.
    """
    watch = stopwatch()
    drawn = random.Random()  # noqa: S311
    draws = questions(grown)
    # The tape's newest end is in memory, as it is being written.
    del draws["latest"], draws[NOTHING]
    for draw in draws.values():
        draw(drawn)()
    places = {name: [draw(drawn) for _ in range(PLACES)] for name, draw in draws.items()}
    result.send(
        {
            f"{name}, {time_of_asking}": [watch.times(ask)[0] for ask in asked]
            for name, asked in places.items()
            for time_of_asking in ("first", "again")
        }
    )
    stay()
