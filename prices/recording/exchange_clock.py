"""The exchange's clock, as the event times of the streams show it. No clock of its own."""

from collections.abc import Sequence
from operator import sub

from ..exchange.event_times import AHEAD, AHEAD_OF_OURS

# Number of consecutive events that agree on a time which our own clock does not know: then it is
# the exchange's.
AGREEING = 10


class ShownClock:
    """What events show of the exchange's clock, in microseconds, against ours (seconds, monotonic).

    Two events in a row must show it, on this connection or else on the one before: one event with
    a wrong time moves it by nothing.
    """

    def __init__(self) -> None:
        # Ours less the exchange's, at the least: of this connection, and of the one before.
        self._offset: int | None = None
        self._offset_before: int | None = None
        self._last: int | None = None

    def begin(self) -> None:
        """Another connection begins."""
        self._last = None
        if self._offset is not None:
            self._offset_before, self._offset = self._offset, None

    def add(self, sent: int, taken: float) -> None:
        offset = round(taken * 1_000_000) - sent
        if self._last is not None:
            shown = max(self._last, offset)
            self._offset = shown if self._offset is None else min(self._offset, shown)
        self._last = offset

    def at(self, at: float) -> int | None:
        """What the exchange's clock has shown by a moment; None when no two events have come."""
        offset = self._offset_before if self._offset is None else self._offset
        return None if offset is None else round(at * 1_000_000) - offset


class ExchangeClock:
    """The exchange's clock, as the event times of the streams show it. Times are in microseconds.

    An event time is believed when it is at most `AHEAD` of what the events before it show, or of
    our own clock: either may be behind. What is further ahead is believed when a number of
    consecutive events agree on it: on a new connection any time, later within `AHEAD_OF_OURS`.
    """

    def __init__(self) -> None:
        self._sent: int | None = None
        self._taken = 0.0
        self._doubtful: list[tuple[int, float]] = []
        self._settled = False
        self._clock = ShownClock()

    def forget(self) -> None:
        """The connection is another one: it may show that our clock is far behind."""
        self._settled = False
        self._doubtful.clear()
        self._clock.begin()

    def now(self, taken: float, ours: int) -> int:
        """What the clock is known to show at `taken` (seconds, monotonic), by two events in a row;
        or by our own clock, when that is only a little ahead of them.
        """
        shown = self._clock.at(taken)
        return ours if shown is None else max(shown, min(ours, shown + AHEAD))

    def limit(self, taken: float, ours: int) -> int:
        """The latest event that is believed at `taken`."""
        if self._sent is None:
            return ours + AHEAD
        return max(ours, self._sent + int((taken - self._taken) * 1_000_000)) + AHEAD

    def believed(self, sent: Sequence[int], taken: float, ours: int) -> list[bool] | None:
        """Which of some events are believed; None when all of them are, as nearly always."""
        limit = self.limit(taken, ours)
        if max(sent) <= limit or (sent[0] <= limit and max(map(sub, sent[1:], sent)) <= AHEAD):
            self._settle(sent[-1], taken)
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
    """Two events, each sent at a time and taken over at another, show the same clock."""
    passed = other[0] - one[0]
    elapsed = int((other[1] - one[1]) * 1_000_000)
    return min(abs(passed), abs(passed - elapsed)) <= AHEAD
