"""When to connect again after a connection was lost or could not be made."""

import random
import time
from collections.abc import Callable

from .attempts import AttemptBudget
from .backoff import FIRST, OUTAGE_CEILING, Backoff
from .failures import is_refusal, left_network, retry_after


class Reconnection:
    """The pause before the next attempt depends on how the last one failed.

    An outage ends at any moment, and takes what is traded meanwhile: the pauses grow up to
    OUTAGE_CEILING. An attempt that did not leave this network (no route, no DNS) costs the exchange
    nothing: it is repeated about every second, and so it is the probe for a network that is back.
    A refusal is a decision of the exchange, and lasts: the pauses grow up to a minute, and a
    Retry-After is waited for. The budget bounds all of it.
    """

    def __init__(
        self,
        budget: AttemptBudget,
        *,
        draw: Callable[[], float] = random.random,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._budget = budget
        self._draw = draw
        self._wall_clock = wall_clock
        self._outage = Backoff(draw, ceiling=OUTAGE_CEILING)
        self._refused = Backoff(draw)

    def lasted(self, seconds: float) -> None:
        """A connection delivered for this many seconds."""
        self._outage.lasted(seconds)
        self._refused.lasted(seconds)

    def wait(self, error: BaseException, now: float, took: float = 0.0) -> float:
        """Seconds until the next attempt, after one that took some seconds failed with an error."""
        if asked := retry_after(error, self._wall_clock()):
            # Not all recorders return in the same instant.
            self._budget.pause(asked + self._draw() * FIRST, now)
        return max(self._pause(error, took), self._budget.wait(now))

    def _pause(self, error: BaseException, took: float) -> float:
        if not left_network(error):
            self._budget.give_back()
            return FIRST * (0.5 + self._draw() / 2)
        return self._refused.next() if is_refusal(error) else self._outage.next(took)
