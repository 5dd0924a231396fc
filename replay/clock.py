"""The exchange's clocks, in microseconds: what has happened, and what may be sent."""

import time
from collections.abc import Callable

from .ledger import ENDLESS

# The streams send a trade a little after it happened: the real exchange takes one to eight ms.
# Whole milliseconds, so that E is the same instant in both time units.
LAG = 3_000  # µs

# How often a connection checks a clock that others advance.
LOOK_AGAIN = 0.01  # seconds


class Clock:
    """Real time, for a looped ledger; and what all clocks have in common."""

    speed = 1.0

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall

    def now(self) -> int:
        """The exchange's time: REST has all trades up to it."""
        return int(self._wall() * 1_000_000)

    def edge(self) -> int:
        """A client that connects now is sent the trades after this time."""
        return self.now() - LAG

    def horizon(self) -> int:
        """Trades up to this time may be streamed."""
        return self.edge()

    def seconds_until(self, time: int) -> float:
        """How long until a trade of this time may be streamed."""
        return (time - self.horizon()) / 1_000_000 / self.speed

    def start(self) -> None:
        """A client is listening."""

    def reached(self, time: int) -> None:
        """A client was sent the trades up to this time."""


class ReplayClock(Clock):
    """Stands at the first trade until a client listens, then runs at `speed` times real time."""

    def __init__(
        self, first_time: int, speed: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self._first_time = first_time
        self._monotonic = monotonic
        self._started: float | None = None

    def now(self) -> int:
        if self._started is None:
            return self._first_time
        elapsed = self._monotonic() - self._started
        return self._first_time + int(elapsed * self.speed * 1_000_000)

    def start(self) -> None:
        if self._started is None:
            self._started = self._monotonic()


class DrivenClock(Clock):
    """Advanced by sending, without waiting: it shows the time of the most advanced client."""

    def __init__(self, first_time: int) -> None:
        self._now = first_time

    def now(self) -> int:
        return self._now

    def horizon(self) -> int:
        return ENDLESS

    def seconds_until(self, time: int) -> float:
        return 0

    def reached(self, time: int) -> None:
        self._now = max(self._now, time + LAG)


class StepClock(Clock):
    """Stands still until a test advances it, from any thread."""

    def __init__(self, first_time: int) -> None:
        self._now = first_time

    def now(self) -> int:
        return self._now

    def step(self, micros: int) -> None:
        self._now += micros

    def step_to(self, time: int) -> None:
        """Advance to an instant. REST has its trades then; streams lag behind it, as always."""
        self._now = max(self._now, time)

    def seconds_until(self, time: int) -> float:
        """Unknown, since a test decides: check again soon."""
        return LOOK_AGAIN if time > self.horizon() else 0
