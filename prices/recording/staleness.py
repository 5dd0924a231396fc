"""Which symbols are stale: a symbol's own recent pace says how long it may be quiet.

No clock of its own.
"""

from collections.abc import Iterable, Mapping

# Seconds of a symbol's past that its pace is taken from, and in how many parts.
PAST = 600.0
PARTS = 10

# A symbol that is quiet for this many of its usual pauses is stale: by chance that happens once in
# 22,000 pauses ...
PAUSES = 10

# ... but none before it has been quiet for this many seconds.
SHORTEST = 15.0

# Seconds after a connection was opened: a symbol without a frame on it is then checked.
SETTLING_IN = 10.0

# Seconds for which a passed check counts, however busy the symbol was before: trades that its stream
# does not deliver are known within these. With one check in two seconds some twenty symbols can be
# checked this often; hundreds take turns, and are `unknown` in between.
COUNTS_FOR = 60.0

# Maximum of it. In between, a check counts for ten usual pauses of the symbol.
LONGEST = 3600.0

# After this share of that time the next check is due, so that it has passed before the end: it
# leaves time for ten other checks.
RECHECK_AFTER = 2 / 3

# Failures that are counted: the pause between two attempts doubles with each until it has reached
# any ceiling.
MOST_FAILURES = 10

# Seconds after which a check result is considered lost on its way to the writer, as happens when
# its buffer is full.
FORGOTTEN = 60.0

# Maximum seconds between two attempts at a check that failed: when REST is back, it is asked within
# these.
RETRY_WITHIN = 5.0

# The same when the exchange rejects the request itself, as for a symbol that it no longer lists.
REFUSED_RETRY_WITHIN = 60.0

# Seconds after a handover for which a quiet symbol keeps the watermark that the old connection had
# shown. A check of it on the new one is due much sooner; this leaves time for those of the other
# quiet symbols.
HANDOVER_COUNTS_FOR = 120.0


class InterArrival:
    """The pace of one symbol's ticks. All times are in seconds, monotonic."""

    def __init__(self, now: float) -> None:
        self._watched_from = now
        self.last = now
        # When each part began, and its ticks. Replaced as a whole: another thread may be counting.
        self._parts: tuple[tuple[float, int], ...] = ()
        # When the last check passed, if no tick has arrived since, and for how long it counts.
        self.checked: float | None = None
        self._counts_for = COUNTS_FOR
        self.looking_until = now
        self.fresh = True  # Nothing has come yet on this connection.
        # When the present connection took over without a break; None once it has delivered
        # something of this symbol.
        self.handed_over: float | None = None
        # Consecutive failed checks, when the last of them failed, and until when the next one
        # waits.
        self.failures = 0
        self.refused = False
        self.failed_at = 0.0
        self.retry_at = now

    def ticked(self, ticks: int, now: float) -> None:
        self.last = now
        self.checked = None
        self.fresh = False
        self._passed()
        if self._parts and now - self._parts[-1][0] < PAST / PARTS:
            began, count = self._parts[-1]
            self._parts = (*self._parts[:-1], (began, count + ticks))
        else:
            recent = (part for part in self._parts if now - part[0] <= PAST)
            self._parts = (*recent, (now, ticks))

    def looked(self, taken: float) -> None:
        """A check passed whose answer came at `taken`.

        It says nothing new about a symbol that has ticked since.
        """
        if taken >= self.last:
            usual = PAUSES * self.pause(taken)
            self._counts_for = min(max(usual, COUNTS_FOR), LONGEST)
            self.checked = taken
        if self.handed_over is None or taken >= self.handed_over:
            self._passed()

    def _passed(self) -> None:
        self.handed_over = None
        self.failures = 0
        self.refused = False

    def failed(self, now: float, *, refused: bool) -> None:
        """A check failed, which proves nothing: whatever was due stays due."""
        ceiling = REFUSED_RETRY_WITHIN if refused else RETRY_WITHIN
        self.retry_at = now + min(2.0**self.failures, ceiling)
        self.refused = refused
        self.failures = min(self.failures + 1, MOST_FAILURES)
        self.failed_at = now
        self.looking_until = now

    def connected(self, now: float) -> None:
        self.last, self.checked, self.fresh, self.handed_over = now, None, True, None
        self.retry_at = now

    def pause(self, now: float) -> float:
        """The usual seconds between two ticks, up to the last one, without the present pause.

        For a symbol that has not been watched long enough, over all the time that it has.
        """
        began = max(self._watched_from, self.last - PAST)
        ticks = sum(count for _, count in self._parts)
        return (min(now, began + PAST) - began) / max(ticks, 1)

    @property
    def evidence(self) -> float:
        """When its tape was last seen to be complete, by a tick or a check."""
        return self.last if self.checked is None else self.checked

    def _left(self, now: float, share: float = 1.0) -> float:
        """Seconds for which the last tick still counts, or the last check, or a share of that."""
        if (checked := self.checked) is not None:
            return checked + share * self._counts_for - now
        patience = SETTLING_IN if self.fresh else max(SHORTEST, PAUSES * self.pause(now))
        return self.last + patience - now

    def is_overdue(self, now: float) -> bool:
        """It has been quiet for longer than its pace explains."""
        handed_over = self.handed_over
        if handed_over is not None and now - handed_over > HANDOVER_COUNTS_FOR:
            return True
        return self._left(now) < 0

    def is_due(self, now: float) -> bool:
        """It is to be checked."""
        handed_over = self.handed_over
        if handed_over is not None and now - handed_over > SETTLING_IN:
            return True
        return self._left(now, RECHECK_AFTER) < 0


class Staleness:
    """The pace of all symbols, and of the connection as a whole.

    The writer reports what has come, and which checks passed; the staleness check, in another
    thread, which failed. Each only reads or replaces what the other writes.
    """

    def __init__(self, symbols: Iterable[str], now: float) -> None:
        self.inter_arrivals = {symbol: InterArrival(now) for symbol in symbols}
        self._line = InterArrival(now)
        self.connected_at = now

    def connected(self, now: float) -> None:
        """A new connection is open: symbols that are quiet on it have yet to be checked."""
        self.connected_at = now
        for inter_arrival in (*self.inter_arrivals.values(), self._line):
            inter_arrival.connected(now)

    def handed_over(self, now: float) -> None:
        """A new connection has taken over without a break.

        What the old one showed of a symbol says little about the new one.
        """
        for inter_arrival in self.inter_arrivals.values():
            inter_arrival.handed_over = now

    def unsettle(self, symbols: Iterable[str] | None = None) -> None:
        """Trades of these symbols, or of any, may have been missed: quiet ones are to be
        checked again.
        """
        for symbol in self.inter_arrivals if symbols is None else symbols:
            inter_arrival = self.inter_arrivals[symbol]
            inter_arrival.checked, inter_arrival.fresh = None, True

    def ticked(self, counts: Mapping[str, int], now: float) -> None:
        for symbol, ticks in counts.items():
            self.inter_arrivals[symbol].ticked(ticks, now)
        self._line.ticked(sum(counts.values()), now)

    def suspects(self, now: float) -> list[str]:
        """The symbols to check now, the most urgent first.

        When the connection as a whole is quiet for too long, though each symbol for itself may be,
        the busiest one is checked for all.
        """
        due = [
            symbol
            for symbol, inter_arrival in self.inter_arrivals.items()
            if inter_arrival.is_due(now)
        ]
        first = self._busiest(now) if self._line.is_due(now) else None
        if first is not None and first not in due:
            due.append(first)
        if first is not None and self.inter_arrivals[first].failures:
            first = None  # It has had its turn.
        idle = [
            symbol
            for symbol in due
            if max(self.inter_arrivals[symbol].looking_until, self.inter_arrivals[symbol].retry_at)
            <= now
        ]
        return sorted(idle, key=lambda symbol: (symbol != first, *self._urgency(symbol, now)))

    def _busiest(self, now: float) -> str:
        """The symbol that ticks most often, of those that the exchange answers for."""
        answered = [
            symbol
            for symbol, inter_arrival in self.inter_arrivals.items()
            if not inter_arrival.refused
        ]
        return min(
            answered or self.inter_arrivals,
            key=lambda symbol: self.inter_arrivals[symbol].pause(now),
        )

    def _urgency(self, symbol: str, now: float) -> tuple[bool, float, bool, float]:
        """The order of checks.

        First the symbols whose watermark was withdrawn; of these the ones that were not tried yet,
        then the one whose last attempt is longest ago, so that each has its turn; then those that
        were not checked since they ticked, and the one whose last tick or check is longest ago.
        """
        inter_arrival = self.inter_arrivals[symbol]
        tried = inter_arrival.failed_at if inter_arrival.failures else 0.0
        overdue = inter_arrival.is_overdue(now) or self._line.is_overdue(now)
        return not overdue, tried, inter_arrival.checked is not None, inter_arrival.evidence

    def looking(self, symbol: str, now: float) -> None:
        """A check of a symbol has begun; its result will be reported."""
        self.inter_arrivals[symbol].looking_until = now + FORGOTTEN

    def looked(self, symbol: str, taken: float) -> None:
        """A check passed: it counts for a while.

        Only the busiest symbol proves that the connection is alive.
        """
        inter_arrival = self.inter_arrivals[symbol]
        inter_arrival.looked(taken)
        inter_arrival.looking_until = taken
        if symbol == self._busiest(taken):
            self._line.looked(taken)

    def failed(self, symbol: str, now: float, *, refused: bool = False) -> None:
        """A check failed, or did not pass: it is tried again soon, and restores nothing.

        `refused`: the exchange rejects the request for this symbol.
        """
        self.inter_arrivals[symbol].failed(now, refused=refused)

    def trusted(self, symbol: str, now: float) -> bool:
        """Neither the symbol nor the connection is stale."""
        return not (self.inter_arrivals[symbol].is_overdue(now) or self._line.is_overdue(now))
