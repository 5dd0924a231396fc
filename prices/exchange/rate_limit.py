"""The rate limit of REST: how much may be requested, and when. No socket, no clock of its own."""

from collections import deque

# Request weight that the exchange allows one IP address per minute, until it has told the number.
WEIGHT_PER_MINUTE = 6000

# We use a quarter of it: other programs may share the address.
SHARE = 0.25

# When all programs on the address have used this share of it, we wait until the minute is over.
CROWDED = 0.75

# Seconds. The exchange counts by minutes of its own clock, and we do not know when they begin. A
# limit that holds in any 60 seconds holds in those as well.
MINUTE = 60.0

# Seconds. The exchange's longest ban is three days.
LONGEST_PAUSE = 3 * 24 * 3600

# Request weight per minute. A limit beyond that would be no limit.
MOST_WEIGHT = 1_000_000


class RateLimiter:
    """Weight used in the last minute, and the Retry-After in force.

    `now` is in seconds, monotonic.
    """

    def __init__(self) -> None:
        self.limit = WEIGHT_PER_MINUTE
        self._spendings: deque[tuple[float, int]] = deque()
        self._paused_until = 0.0

    def wait(self, weight: int, now: float) -> float:
        """Seconds until a request of some weight may be made; 0: now."""
        if now < self._paused_until:
            return self._paused_until - now
        while self._spendings and now - self._spendings[0][0] >= MINUTE:
            self._spendings.popleft()
        spent = sum(weight for _, weight in self._spendings)
        # A request that is larger than the share is made once a minute.
        if not spent or spent + weight <= self.limit * SHARE:
            return 0.0
        return self._spendings[0][0] + MINUTE - now

    def spend(self, weight: int, now: float) -> None:
        """Count a request."""
        self._spendings.append((now, weight))

    def told(self, used: int, now: float) -> None:
        """The exchange has reported the weight that our IP address used in this minute."""
        if used > self.limit * CROWDED:
            self.pause(MINUTE, now)

    def pause(self, seconds: float, now: float) -> None:
        """Allow no request for some seconds."""
        self._paused_until = max(self._paused_until, now + min(seconds, LONGEST_PAUSE))

    def allow(self, limit: int) -> None:
        """The exchange has reported the weight that it allows an IP address per minute."""
        if limit > 0:
            self.limit = min(limit, MOST_WEIGHT)
