"""The exchange's limits: frames, connections, request weight. Time is passed in."""

from collections import deque
from dataclasses import dataclass

MINUTE = 60  # seconds
CONNECTIONS_WINDOW = 5 * MINUTE  # seconds


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The real exchange's numbers; tests shorten them. Durations are in seconds of real time."""

    client_frames: int = 5  # pings, pongs and texts, in any second
    connections: int = 300  # in any five minutes, by one address
    ping_interval: float = 20
    pong_timeout: float = 60
    lifetime: float = 24 * 60 * MINUTE  # of a connection
    weight: int = 6000  # in a minute of the clock on the wall
    tolerated: int = (
        10  # further requests while limited, before the ban; the real number is not known
    )
    ban: float = 2 * MINUTE  # the first; each further one is twice as long
    longest_ban: float = 3 * 24 * 60 * MINUTE


class RollingWindow:
    """At most a number of events in any stretch of some seconds."""

    def __init__(self, events: int, seconds: float) -> None:
        self._seconds = seconds
        self._latest: deque[float] = deque(maxlen=events)

    def admit(self, now: float) -> bool:
        full = len(self._latest) == self._latest.maxlen
        if full and now - self._latest[0] < self._seconds:
            return False
        self._latest.append(now)
        return True


class Heartbeat:
    """Pings that were not answered yet. Only a pong that repeats its ping's payload answers it."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._next = now + limits.ping_interval
        self._unanswered: dict[bytes, float] = {}  # payload: when it was sent, oldest first

    def ping(self, now: float, payload: bytes) -> None:
        self._unanswered.setdefault(payload, now)
        self._next = now + self._limits.ping_interval

    def pong(self, payload: bytes) -> None:
        if payload in self._unanswered:
            # It shows that the client is alive, so the pings before this one are settled too.
            self._unanswered.clear()

    def due(self, now: float) -> bool:
        return now >= self._next

    def lost(self, now: float) -> bool:
        return now >= self._deadline()

    def next_event(self) -> float:
        return min(self._next, self._deadline())

    def _deadline(self) -> float:
        oldest = next(iter(self._unanswered.values()), float("inf"))
        return oldest + self._limits.pong_timeout


@dataclass(frozen=True)
class Refusal:
    """Why a request is not processed."""

    status: int
    retry_after: int  # seconds
    message: str


class Weights:
    """What one address has used in this minute, and its bans. Times are seconds since 1970."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._minute = 0
        self._excess = 0  # requests beyond the limit, in this minute
        self._bans = 0
        self._banned_until = 0.0
        self.used = 0

    def spend(self, weight: int, now: float) -> Refusal | None:
        """Count a request; the reason if it is refused."""
        if int(now // MINUTE) != self._minute:
            self._minute, self._excess, self.used = int(now // MINUTE), 0, 0
        if now < self._banned_until:
            return self._ban(now)
        self.used += weight
        if self.used <= self._limits.weight:
            return None
        self._excess += 1
        if self._excess <= 1 + self._limits.tolerated:
            return self._too_many(now)
        self._banned_until = now + min(self._limits.ban * 2**self._bans, self._limits.longest_ban)
        self._bans += 1
        return self._ban(now)

    def _too_many(self, now: float) -> Refusal:
        return Refusal(
            429,
            _seconds((self._minute + 1) * MINUTE - now),
            f"Too much request weight used; current limit is {self._limits.weight} request weight "
            "per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
        )

    def _ban(self, now: float) -> Refusal:
        return Refusal(
            418,
            _seconds(self._banned_until - now),
            f"Way too much request weight used; IP banned until {int(self._banned_until * 1000)}."
            " Please use WebSocket Streams for live updates to avoid bans.",
        )


def _seconds(duration: float) -> int:
    """Whole seconds, rounded up: a client that waits that long has waited long enough."""
    return -int(-duration // 1)
