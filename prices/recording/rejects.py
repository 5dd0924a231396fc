"""Frames that are not understood: skipped, counted, and told of once a minute with an example."""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

# Seconds between two lines about rejected frames, however many there are.
INTERVAL = 60.0

# Characters of a frame that the line shows.
SHOWN = 200


class Rejects:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.count = 0
        self.untold = 0
        self.told_at: float | None = None
        self.example = ""

    def add(self, frame: bytes, reason: str) -> None:
        self.count += 1
        self.untold += 1
        self.example = f"{reason}: {frame[:SHOWN]!r}"

    def tell(self) -> None:
        """Log what has not been told yet, at once for the first and then once a minute."""
        now = self.clock()
        if self.untold and (self.told_at is None or now - self.told_at >= INTERVAL):
            logger.warning(
                "Skipped %d %s, %d in all; the last: %s",
                self.untold,
                "frame" if self.untold == 1 else "frames",
                self.count,
                self.example,
            )
            self.untold = 0
            self.told_at = now
