"""How long to wait before trying again."""

import random
from collections.abc import Callable, Iterator

# Seconds. Waits that start near a second and double reach the ceiling after some 35 attempts an
# hour, wherever many recorders share an address.
FIRST = 1.0
FACTOR = 2.0
CEILING = 60.0

# Seconds that a connection must last for the waits to begin afresh. The exchange allows 300
# attempts in 5 minutes from one address: on the worst line, which works for so long and then
# fails some times, a recorder makes 75.
WORKED = 10.0

# Seconds after which a connection has worked at least a little: the wait is WORKED at most then.
# One that is dropped sooner was not meant to be.
WORKED_BRIEFLY = 1.0


class Backoff:
    """Waits in seconds: each about twice the one before, up to a ceiling, jittered to 50 - 100 %.

    The jitter keeps recorders that were cut off together from coming back together.
    """

    def __init__(self, draw: Callable[[], float] = random.random, ceiling: float = CEILING) -> None:
        self.draw = draw
        self.ceiling = ceiling
        self.wait = FIRST

    def next(self) -> float:
        wait = self.wait * (0.5 + self.draw() / 2)
        self.wait = min(self.wait * FACTOR, self.ceiling)
        return wait

    def lasted(self, seconds: float) -> None:
        """A connection delivered for so long."""
        if seconds >= WORKED:
            self.wait = FIRST
        elif seconds >= WORKED_BRIEFLY:
            self.wait = min(self.wait, WORKED)


def backoff(draw: Callable[[], float] = random.random, ceiling: float = CEILING) -> Iterator[float]:
    """Endless waits. Thrown away on success."""
    waits = Backoff(draw, ceiling)
    while True:
        yield waits.next()
