"""The judge: records how clients behave, and where they break the exchange's rules.

Time is passed in.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from .limits import CONNECTIONS_WINDOW, MINUTE, Limits

# Rules that a client can break, as the sentence ends; the limits fill in what is in braces.
CONNECTS = "connected more than {connections} times in 5 minutes"
FRAMES = "sent more than {client_frames} frames in a second"
PONGS = "left a ping unanswered for {pong_timeout:g} seconds"
WAITING = "sent a request before Retry-After was over"
WEIGHT = "used more than {weight} request weight in a minute"

# A client that connects a hundred times as often as it may is still judged, in bounded memory.
REMEMBERED = 30_000


class PeakRate:
    """Counts events in a sliding window of `seconds`; `most` is the maximum so far."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._latest: deque[float] = deque(maxlen=REMEMBERED)
        self.most = 0

    def note(self, now: float) -> int:
        """Count an event. Returns how many are in the window now."""
        self._latest.append(now)
        while now - self._latest[0] >= self._seconds:
            self._latest.popleft()
        self.most = max(self.most, len(self._latest))
        return len(self._latest)


class Client:
    """One address, and what it did."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connects = PeakRate(CONNECTIONS_WINDOW)
        self._minute = 0
        self._weight_of_minute = 0
        self._wait_until = 0.0
        self.connects = 0
        self.requests = 0
        self.weight = 0
        self.most_frames = 0
        self.most_weight = 0
        self.broken: Counter[str] = Counter()  # rules, and how often

    @property
    def most_connects(self) -> int:
        return self._connects.most

    def connect(self, now: float) -> None:
        self.connects += 1
        if self._connects.note(now) > self._limits.connections:
            self.broken[CONNECTS] += 1

    def frames(self, in_a_second: int) -> None:
        self.most_frames = max(self.most_frames, in_a_second)
        if in_a_second > self._limits.client_frames:
            self.broken[FRAMES] += 1

    def request(self, weight: int, now: float) -> None:
        self.requests += 1
        self.weight += weight
        if int(now // MINUTE) != self._minute:
            self._minute, self._weight_of_minute = int(now // MINUTE), 0
        self._weight_of_minute += weight
        self.most_weight = max(self.most_weight, self._weight_of_minute)
        if self._weight_of_minute > self._limits.weight:
            self.broken[WEIGHT] += 1
        if now < self._wait_until:
            self.broken[WAITING] += 1

    def told_to_wait(self, seconds: float, now: float) -> None:
        self._wait_until = max(self._wait_until, now + seconds)


class Judge:
    def __init__(self, limits: Limits, faults: Callable[[], Mapping[str, int]] = dict) -> None:
        """`faults`: how often each fault occurred, by name."""
        self._limits = limits
        self._faults = faults
        self._clients: dict[str, Client] = {}

    def connect(self, address: str, now: float) -> None:
        """Every attempt counts, refused or not."""
        self._client(address).connect(now)

    def frames(self, address: str, in_a_second: int) -> None:
        """How many frames one of its connections has sent in the last second."""
        self._client(address).frames(in_a_second)

    def left_unanswered(self, address: str) -> None:
        """A client has not answered a ping in time."""
        self._client(address).broken[PONGS] += 1

    def request(self, address: str, weight: int, now: float) -> None:
        """`now`: seconds since 1970, since weight is counted by the minute of the wall clock."""
        self._client(address).request(weight, now)

    def told_to_wait(self, address: str, seconds: float, now: float) -> None:
        """It was given a Retry-After: no request may come before."""
        self._client(address).told_to_wait(seconds, now)

    def violations(self) -> list[str]:
        """One sentence for each rule that a client broke; none when all behaved."""
        return [
            f"{address} {rule.format(**vars(self._limits))}{_times(count)}."
            for address, client in self._clients.items()
            for rule, count in client.broken.items()
        ]

    def report(self) -> dict[str, Any]:
        """The report as JSON: totals of all clients, and the maximum of any one."""
        clients = self._clients.values()
        return {
            "connects": sum(client.connects for client in clients),
            "most_connects_in_5_minutes": max((c.most_connects for c in clients), default=0),
            "most_frames_in_a_second": max((c.most_frames for c in clients), default=0),
            "requests": sum(client.requests for client in clients),
            "weight": sum(client.weight for client in clients),
            "most_weight_in_a_minute": max((c.most_weight for c in clients), default=0),
            "violations": self.violations(),
            "faults": dict(self._faults()),
        }

    def _client(self, address: str) -> Client:
        return self._clients.setdefault(address, Client(self._limits))


def _times(count: int) -> str:
    return f", {count:,} times" if count > 1 else ""
