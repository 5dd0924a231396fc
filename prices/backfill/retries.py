"""Requests that are repeated for a while when REST does not answer."""

import logging
from collections.abc import Callable
from typing import TypeVar

from ..exchange.backoff import backoff
from ..exchange.rest_errors import Refused, Stopped, Unanswered

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Consecutive requests without a response before it gives up: some two minutes, with the growing
# pauses between them.
ATTEMPTS = 8

# Maximum seconds between two of them.
CEILING = 20.0


class Retries:
    """wait: sleeps for some seconds, or until a stop is requested."""

    def __init__(self, stopped: Callable[[], bool], wait: Callable[[float], None]) -> None:
        self._stopped = stopped
        self._wait = wait

    def __call__(self, ask: Callable[[], Result]) -> Result:
        """What `ask` returns. Raises Unanswered, Refused, or Stopped."""
        waits = backoff(ceiling=CEILING)
        for _ in range(ATTEMPTS - 1):
            try:
                return ask()
            except Refused:
                raise
            except Unanswered as error:
                wait = next(waits)
                logger.warning("History is not available: %s Next attempt in %.1f s.", error, wait)
                self._wait(wait)
                if self._stopped():
                    raise Stopped from None
        return ask()
