"""How long to wait before trying again."""

import random
from collections.abc import Callable, Iterator

# Seconds. The exchange allows 300 connection attempts in 5 minutes from one address: waits that start near a second and
# double reach the ceiling after some 35 attempts an hour, wherever many recorders share an address.
FIRST = 1.0
FACTOR = 2.0
CEILING = 60.0


def backoff(draw: Callable[[], float] = random.random, ceiling: float = CEILING) -> Iterator[float]:
    """Endless waits in seconds: each about twice the one before, up to a ceiling, each jittered to 50 - 100 %.

    The jitter keeps recorders that were cut off together from coming back together. Thrown away on success.
    """
    wait = FIRST
    while True:
        yield wait * (0.5 + draw() / 2)
        wait = min(wait * FACTOR, ceiling)
