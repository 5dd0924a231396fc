"""Whether events come later than they did at best. No clock of its own."""

from collections.abc import Mapping

from .exchange_clock import ShownClock

# Seconds by which an event may come later than the promptest one of its connection. Frames that a
# network held back for a moment come within these. It is also more than our clock and that of the
# exchange drift apart in the day that a connection lives: at 100 ppm, 8.6 s.
LATE = 10.0

# Seconds by which a connection that took over without a break may be slower than the one before.
SLOWER = 5.0

# Seconds by which the exchange's clock, as REST tells it, may differ from the event times: streams
# that are later than this, or recordings of another day, tell another time.
SAME_CLOCK = 3600.0


class EventLag:
    """Holds the smallest difference between our clock (seconds, monotonic) and that of the events.

    What that difference is does not matter: a recording of another year has it, and a wrong clock.
    Only its growth counts.
    """

    def __init__(self) -> None:
        self._least: float | None = None
        self.last: float | None = None
        self._clock = ShownClock()

    def forget(self) -> None:
        """Another connection, perhaps of another exchange, begins: its lag is measured again."""
        self._least = None
        self.last = None
        self._clock.begin()

    def handed_over(self) -> None:
        """Another connection to the same exchange goes on where the last one ended."""
        if self._least is not None:
            self._least += SLOWER
        self.last = None
        self._clock.begin()

    def add(self, sent: int, taken: float) -> None:
        """The newest event was sent at `sent` (microseconds) and taken over at `taken`.

        Two in a row must show a difference: one event with a wrong time makes none late.
        """
        difference = taken - sent / 1_000_000
        if self.last is not None:
            shown = max(self.last, difference)
            self._least = shown if self._least is None else min(self._least, shown)
        self.last = difference
        self._clock.add(sent, taken)

    def exchange_time(self, at: float) -> int | None:
        """As in `ShownClock`."""
        return self._clock.at(at)

    def told(self, now: int, taken: float) -> None:
        """REST told the exchange's time, in microseconds: it shows a feed that was late from its
        beginning.
        """
        difference = taken - now / 1_000_000
        if self._least is not None and abs(difference - self._least) < SAME_CLOCK:
            self._least = min(self._least, difference)

    def of(self, sent: int, taken: float) -> float:
        """Seconds by which an event came later than at best."""
        return 0.0 if self._least is None else taken - sent / 1_000_000 - self._least

    def late(self, sent: Mapping[str, int], taken: float) -> set[str]:
        """The symbols whose newest events, sent at these times, came too late."""
        return {symbol for symbol, time in sent.items() if self.of(time, taken) > LATE}
