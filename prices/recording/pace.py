"""Whose silence is suspicious: a symbol's own recent pace says how long it may be quiet. No clock of its own."""

from collections.abc import Iterable, Mapping

# Seconds of a symbol's past that its pace is taken from, in so many parts.
PAST = 600.0
PARTS = 10

# A symbol that is silent for so many of its usual pauses is suspicious: by chance that happens once in 22,000 pauses ...
PAUSES = 10

# ... but none before it has been silent for so many seconds.
SHORTEST = 15.0

# Seconds after a connection was made: a symbol of which nothing has come on it is then asked for.
SETTLING_IN = 10.0

# Seconds between two looks at a silent symbol, at the most.
LONGEST = 3600.0

# Seconds after which a look is thought to have been lost on its way to the writer, as happens when its buffer is full.
FORGOTTEN = 60.0


class Pulse:
    """One symbol's ticks in time. All times are in seconds, monotonic."""

    def __init__(self, now: float) -> None:
        self.watched_from = now
        self.last = now
        # When each part began, and its ticks. Replaced as a whole: another thread may be counting.
        self.parts: tuple[tuple[float, int], ...] = ()
        # How long it had been silent at the last look; 0 when it has ticked since.
        self.looked_after = 0.0
        self.looking_until = now
        self.fresh = True  # Nothing has come yet on this connection.

    def ticked(self, ticks: int, now: float) -> None:
        self.last = now
        self.looked_after = 0.0
        self.fresh = False
        if self.parts and now - self.parts[-1][0] < PAST / PARTS:
            began, count = self.parts[-1]
            self.parts = (*self.parts[:-1], (began, count + ticks))
        else:
            recent = (part for part in self.parts if now - part[0] <= PAST)
            self.parts = (*recent, (now, ticks))

    def pause(self, now: float) -> float:
        """The usual seconds between two ticks: in the past up to the last of them, the present silence left out.

        Of a symbol that has not been watched for so long, all the time that it has.
        """
        began = max(self.watched_from, self.last - PAST)
        ticks = sum(count for _, count in self.parts)
        return (min(now, began + PAST) - began) / max(ticks, 1)

    def patience(self, now: float) -> float:
        """Seconds for which it may be silent, or silent still after a look."""
        if self.looked_after:
            return self.looked_after + min(self.looked_after, LONGEST)
        return SETTLING_IN if self.fresh else max(SHORTEST, PAUSES * self.pause(now))

    def is_due(self, now: float) -> bool:
        return now - self.last > self.patience(now)


class Pace:
    """The pulses of all symbols, and of the connection as a whole.

    The writer tells what has come; whoever looks at silent symbols asks from another thread. Each only reads or replaces
    what the other writes.
    """

    def __init__(self, symbols: Iterable[str], now: float) -> None:
        self.pulses = {symbol: Pulse(now) for symbol in symbols}
        self.line = Pulse(now)
        self.connected_at = now

    def connected(self, now: float) -> None:
        """A new connection stands: what is silent on it has yet to be looked at."""
        self.connected_at = now
        for pulse in (*self.pulses.values(), self.line):
            pulse.last, pulse.looked_after, pulse.fresh = now, 0.0, True

    def unsettle(self) -> None:
        """Something may have been missed on this connection: what is silent on it is to be looked at again."""
        for pulse in self.pulses.values():
            pulse.looked_after, pulse.fresh = 0.0, True

    def ticked(self, counts: Mapping[str, int], now: float) -> None:
        for symbol, ticks in counts.items():
            self.pulses[symbol].ticked(ticks, now)
        self.line.ticked(sum(counts.values()), now)

    def suspects(self, now: float) -> list[str]:
        """The symbols to look at now, the most urgent first.

        When the line as a whole is silent for too long, though each symbol for itself may well be, the busiest stands for all.
        """
        due = [symbol for symbol, pulse in self.pulses.items() if pulse.is_due(now)]
        if not due and self.line.is_due(now):
            due = [min(self.pulses, key=lambda symbol: self.pulses[symbol].pause(now))]
        idle = [symbol for symbol in due if self.pulses[symbol].looking_until <= now]
        return sorted(idle, key=self.urgency)

    def urgency(self, symbol: str) -> tuple[bool, float]:
        """Those that nobody has looked at come first, and of these and the others the one that is silent the longest."""
        pulse = self.pulses[symbol]
        return pulse.looked_after > 0, pulse.last

    def looking(self, symbol: str, now: float) -> None:
        """Somebody looks at a symbol, and will say when they have seen it."""
        self.pulses[symbol].looking_until = now + FORGOTTEN

    def looked(self, symbol: str, now: float) -> None:
        """A look is over: leave the symbol be for as long again."""
        for pulse in (self.pulses[symbol], self.line):
            pulse.looked_after = max(now - pulse.last, SETTLING_IN)
            pulse.looking_until = now

    def trusted(self, symbol: str, now: float) -> bool:
        """Its silence, if it is silent, is not suspicious."""
        return not self.pulses[symbol].is_due(now)
