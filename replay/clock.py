"""The exchange's clock, in microseconds: what has happened, and what may be told of it."""

import time
from collections.abc import Callable

from .ledger import ENDLESS

# The streams tell of a trade a little after it happened: the real exchange takes one to eight ms.
# Whole milliseconds, so that E is the same instant in both time units.
LAG = 3_000  # µs

# How often a connection looks at a clock that others move on.
LOOK_AGAIN = 0.01  # seconds


class Clock:
    """The present, which a looped ledger reaches into; and what all clocks have in common."""

    speed = 1.0

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall

    def now(self) -> int:
        """What happened up to now is known to REST."""
        return int(self._wall() * 1_000_000)

    def edge(self) -> int:
        """Ticks after this time are still news: whoever comes now is sent these."""
        return self.now() - LAG

    def horizon(self) -> int:
        """Ticks up to this time may be streamed."""
        return self.edge()

    def seconds_until(self, time: int) -> float:
        """How long until a tick of this time may be streamed."""
        return (time - self.horizon()) / 1_000_000 / self.speed

    def start(self) -> None:
        """Somebody listens."""

    def reached(self, time: int) -> None:
        """Somebody was sent the ticks up to this time."""


class ReplayClock(Clock):
    """Stands at the first tick until somebody listens, then runs `speed` times as fast as time."""

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
    """Moved on by the sending: it stands where the furthest client is, and waits for nothing."""

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
    """Stands still until it is moved on, by a test and from any thread."""

    def __init__(self, first_time: int) -> None:
        self._now = first_time

    def now(self) -> int:
        return self._now

    def step(self, micros: int) -> None:
        self._now += micros

    def step_to(self, time: int) -> None:
        """What happened up to this instant is known then. What is streamed lags, as always."""
        self._now = max(self._now, time)

    def seconds_until(self, time: int) -> float:
        """Nobody knows: ask again soon."""
        return LOOK_AGAIN if time > self.horizon() else 0
