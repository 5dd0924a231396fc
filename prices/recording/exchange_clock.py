"""The exchange's clock, as the event times of the streams show it. No clock of its own."""

from collections.abc import Sequence
from operator import sub

from ..exchange.event_times import AHEAD, AHEAD_OF_OURS

# Number of consecutive events that must agree on a time which our own clock contradicts, to be
# trusted.
AGREEING = 10


class ShownClock:
    """The exchange's clock (microseconds) as a function of a monotonic one (seconds).

    Two consecutive events must agree on it, so that one event with a wrong time has no effect. On a
    new connection, the clock of the connection before counts until then.
    """

    def __init__(self) -> None:
        # The smallest difference, ours less the exchange's: on this connection, and on the one
        # before.
        self._offset: int | None = None
        self._offset_before: int | None = None
        self._last: int | None = None

    def begin(self) -> None:
        """A new connection was opened."""
        self._last = None
        if self._offset is not None:
            self._offset_before, self._offset = self._offset, None

    def add(self, sent: int, taken: float) -> None:
        """An event that was sent at `sent` was taken from the buffer at `taken`."""
        offset = round(taken * 1_000_000) - sent
        if self._last is not None:
            shown = max(self._last, offset)
            self._offset = shown if self._offset is None else min(self._offset, shown)
        self._last = offset

    def at(self, at: float) -> int | None:
        """The exchange's time at a monotonic time; None before two events have come."""
        offset = self._offset_before if self._offset is None else self._offset
        return None if offset is None else round(at * 1_000_000) - offset


class ExchangeClock:
    """Decides which event times are trusted. Times are in microseconds since 1970.

    An event time is trusted when it is at most AHEAD of what the events before it show, or of our
    own clock: either may be behind. A later one is trusted when AGREEING consecutive events agree
    on it: on a new connection at any time, afterwards within AHEAD_OF_OURS.
    """

    def __init__(self) -> None:
        self._sent: int | None = None
        self._taken = 0.0
        self._doubtful: list[tuple[int, float]] = []
        self._settled = False
        self._clock = ShownClock()

    def forget(self) -> None:
        """A new connection was opened: it may show that our clock is far behind."""
        self._settled = False
        self._doubtful.clear()
        self._clock.begin()

    def now(self, taken: float, ours: int) -> int:
        """The exchange's time at `taken` (seconds, monotonic), as two consecutive events show it.

        Or `ours`, the time of our own clock, when that is at most AHEAD of it.
        """
        shown = self._clock.at(taken)
        return ours if shown is None else max(shown, min(ours, shown + AHEAD))

    def limit(self, taken: float, ours: int) -> int:
        """The latest event time that is trusted at `taken`."""
        if self._sent is None:
            return ours + AHEAD
        return max(ours, self._sent + int((taken - self._taken) * 1_000_000)) + AHEAD

    def believed(self, sent: Sequence[int], taken: float, ours: int) -> list[bool] | None:
        """For each event whether its time is trusted; None when all are, as nearly always."""
        limit = self.limit(taken, ours)
        if max(sent) <= limit or (sent[0] <= limit and max(map(sub, sent[1:], sent)) <= AHEAD):
            for time in sent[-2:]:
                self._settle(time, taken)
            return None
        return [self._believe(time, taken, ours) for time in sent]

    def _settle(self, sent: int, taken: float) -> None:
        self._sent, self._taken = sent, taken
        self._clock.add(sent, taken)
        self._settled = True
        if self._doubtful:
            self._doubtful.clear()

    def _believe(self, sent: int, taken: float, ours: int) -> bool:
        limit = self.limit(taken, ours)
        if sent > limit and not self._is_agreed(sent, taken, limit):
            return False
        self._settle(sent, taken)
        return True

    def _is_agreed(self, sent: int, taken: float, limit: int) -> bool:
        if self._settled and sent > limit + AHEAD_OF_OURS:
            return False
        if self._doubtful and not is_in_step(self._doubtful[-1], (sent, taken)):
            self._doubtful.clear()
        self._doubtful.append((sent, taken))
        return len(self._doubtful) > AGREEING


def is_in_step(one: tuple[int, float], other: tuple[int, float]) -> bool:
    """Whether two events, each with its time and when it was taken, show the same clock."""
    passed = other[0] - one[0]
    elapsed = int((other[1] - one[1]) * 1_000_000)
    return min(abs(passed), abs(passed - elapsed)) <= AHEAD
