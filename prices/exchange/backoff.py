"""Backoff: how long to wait before the next attempt."""

import random
from collections.abc import Callable, Iterator

# Seconds. Waits start near one second and double up to the ceiling: some 80 attempts per hour.
FIRST = 1.0
FACTOR = 2.0
CEILING = 60.0

# The ceiling while the exchange or its network is away, in seconds: whoever comes back is noticed
# within 5 seconds, the attempt included.
OUTAGE_CEILING = 4.0

# Seconds that a connection must last for the waits to start again.
WORKED = 10.0

# Seconds after which a connection has worked at least a little: the wait is WORKED at most then. A
# connection that drops sooner was never usable.
WORKED_BRIEFLY = 1.0


class Backoff:
    """Waits in seconds: each about twice the previous one, up to a ceiling, jittered to 50 - 100 %.

    The jitter keeps recorders that lost their connections together from reconnecting together.
    """

    def __init__(self, draw: Callable[[], float] = random.random, ceiling: float = CEILING) -> None:
        self._draw = draw
        self._ceiling = ceiling
        self.wait = FIRST

    def next(self, took: float = 0.0) -> float:
        """The next wait. An attempt that took some seconds has waited for these already."""
        wait = max(self.wait - took, FIRST) * (0.5 + self._draw() / 2)
        self.wait = min(self.wait * FACTOR, self._ceiling)
        return wait

    def lasted(self, seconds: float) -> None:
        """A connection delivered for this many seconds."""
        if seconds >= WORKED:
            self.wait = FIRST
        elif seconds >= WORKED_BRIEFLY:
            self.wait = min(self.wait, WORKED)


def backoff(draw: Callable[[], float] = random.random, ceiling: float = CEILING) -> Iterator[float]:
    """Endless waits. Thrown away on success."""
    waits = Backoff(draw, ceiling)
    while True:
        yield waits.next()
