"""Whether the events of a connection arrive late. No clock of its own."""

from collections.abc import Mapping

from .exchange_clock import ShownClock

# Seconds by which an event may be later than the fastest one of its connection. Short delays of a
# network are within these. And two clocks drift apart by less in a day, the maximum age of a
# connection: at 100 ppm by 8.6 s.
LATE = 10.0

# Seconds by which a connection may be slower than the one before it in a handover.
SLOWER = 5.0

# Seconds by which the exchange's time from REST may differ from event times. Streams that are later
# than this, or recordings of another day, have another clock.
SAME_CLOCK = 3600.0


class EventLag:
    """Compares our clock (seconds, monotonic) with event times (microseconds).

    Keeps the smallest difference of a connection. The difference itself does not matter, since our
    clock may be wrong, or the feed may be a recording. Only its growth does.
    """

    def __init__(self) -> None:
        self._least: float | None = None
        self.last: float | None = None
        self._clock = ShownClock()

    def forget(self) -> None:
        """A new connection, perhaps to another exchange: measure its lag from the start."""
        self._least = None
        self.last = None
        self._clock.begin()

    def handed_over(self) -> None:
        """A handover to another connection to the same exchange."""
        if self._least is not None:
            self._least += SLOWER
        self.last = None
        self._clock.begin()

    def add(self, sent: int, taken: float) -> None:
        """The newest event was sent at `sent` and taken from the buffer at `taken`.

        Two consecutive events must agree on a difference, so that one event with a wrong time makes
        no others late.
        """
        difference = taken - sent / 1_000_000
        if self.last is not None:
            shown = max(self.last, difference)
            self._least = shown if self._least is None else min(self._least, shown)
        self.last = difference
        self._clock.add(sent, taken)

    def show(self, sent: int, taken: float) -> None:
        """The event before the newest one: both may have come at once."""
        self._clock.add(sent, taken)

    def exchange_time(self, at: float) -> int | None:
        """As in `ShownClock.at`."""
        return self._clock.at(at)

    def told(self, now: int, taken: float) -> None:
        """REST has told the exchange's time: that reveals a feed that was late from the start."""
        difference = taken - now / 1_000_000
        if self._least is not None and abs(difference - self._least) < SAME_CLOCK:
            self._least = min(self._least, difference)

    def of(self, sent: int, taken: float) -> float:
        """Seconds by which an event came later than the fastest one."""
        return 0.0 if self._least is None else taken - sent / 1_000_000 - self._least

    def late(self, sent: Mapping[str, int], taken: float) -> set[str]:
        """The symbols whose newest events are late. `sent`: their event times, by symbol."""
        return {symbol for symbol, time in sent.items() if self.of(time, taken) > LATE}
