"""Whether this computer slept, or its clock was set ahead."""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

# Seconds by which the wall clock may advance more than the monotonic one between two looks. If it
# advances by more, this computer slept, or its clock was set: trades may have been missed.
LEAP = 5.0


class ClockLeap:
    """The monotonic clock stands still while a computer sleeps; the wall clock does not.

    Both give seconds.
    """

    def __init__(self, clock: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        self._clock, self._wall_clock = clock, wall_clock
        self._seen = self._now()

    def leapt(self) -> bool:
        """Whether the wall clock has jumped ahead since the last look. Logs it."""
        before, self._seen = self._seen, self._now()
        ahead = (self._seen[1] - before[1]) - (self._seen[0] - before[0])
        if ahead <= LEAP:
            return False
        logger.warning(
            "The system clock jumped %.0f s ahead (sleep or a clock change): "
            "watermarks are withdrawn until the next ticks or checks.",
            ahead,
        )
        return True

    def _now(self) -> tuple[float, float]:
        return self._clock(), self._wall_clock()
