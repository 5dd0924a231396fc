"""How many costly requests a client may make: a bucket of a minute's worth, filled steadily."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MINUTE = 60.0

# Clients that are remembered. Of more, those that asked least recently start with a full bucket.
CLIENTS = 10_000


class Buckets:
    """Of this process. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # What was left for each client, and when.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, per_minute: int) -> float:
        """Seconds that the client has to wait; 0 when it may go on, which is then counted."""
        with self._lock:
            now = self._clock()
            left, since = self._left.pop(client, (per_minute, now))
            left = min(per_minute, left + (now - since) * per_minute / MINUTE)
            goes_on = left >= 1
            self._left[client] = (left - goes_on, now)
            if len(self._left) > CLIENTS:
                self._left.popitem(last=False)
        return 0.0 if goes_on else (1 - left) * MINUTE / per_minute


BUCKETS = Buckets()


class ListThrottle(BaseThrottle):
    """For requests that may read many rows. Off when LIST_REQUESTS_PER_MINUTE is 0."""

    seconds: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        per_minute = settings.LIST_REQUESTS_PER_MINUTE
        if not per_minute:
            return True
        self.seconds = BUCKETS.take(request.META.get("REMOTE_ADDR", ""), per_minute)
        return self.seconds == 0

    def wait(self) -> float | None:
        return self.seconds
