"""Stopping on request: the first signal asks, the second insists."""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

# Seconds. A wait is cut into beats so that stopping never takes longer than one.
BEAT = 0.1

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """A flag that SIGINT and SIGTERM set while the context is open; another signal after that is a KeyboardInterrupt.

    Open it in the main thread. The handlers that were there before come back at its end.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self.requested = False
        self.sleep = sleep
        self.former: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self.former = {number: signal.signal(number, self.handle) for number in SIGNALS}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self.former.items():
            signal.signal(number, handler)

    def handle(self, number: int, frame: FrameType | None) -> None:
        # No lock is taken here: the main thread may hold any.
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __call__(self) -> bool:
        return self.requested

    def wait(self, seconds: float) -> None:
        """Sleep, but not on after a request."""
        while seconds > 0 and not self.requested:
            self.sleep(min(BEAT, seconds))
            seconds -= BEAT
