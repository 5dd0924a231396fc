"""Request weight: what a request costs, and how much a client may spend per minute."""

import threading
import time
from collections.abc import Callable

# Per client and minute, as the exchange allows. Minutes begin at :00 of the clock.
LIMIT = 6000
WINDOW = 60

# Clients that are remembered within a minute. A further one shares the count of all further ones.
CLIENTS = 10_000
OTHERS = ""


class Weights:
    """Of this process. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0
        self._used: dict[str, int] = {}

    def spend(self, client: str, weight: int) -> tuple[int, int]:
        """What the client has used within this minute, with this request.

        And the seconds that it has to wait: 0 when the request is within the limit.
        """
        with self._lock:
            now = self._clock()
            window = int(now // WINDOW)
            if window != self._window:
                self._window = window
                self._used.clear()
            if client not in self._used and len(self._used) >= CLIENTS:
                client = OTHERS
            used = self._used[client] = self._used.get(client, 0) + weight
        wait = 0 if used <= LIMIT else int((window + 1) * WINDOW - now) + 1
        return used, wait
