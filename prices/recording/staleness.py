"""Which symbols are stale, that is quieter than their own pace explains. No clock of its own."""

from collections.abc import Iterable, Mapping

from .inter_arrival import InterArrival

# Seconds after which a check result is considered lost on its way to the writer, whose buffer may
# be full.
FORGOTTEN = 60.0


class Staleness:
    """The pace of all symbols, and of the connection as a whole. Seconds, monotonic.

    The writer reports ticks and passed checks, the staleness check in another thread failed ones.
    Each of the two only reads or replaces what the other writes.
    """

    def __init__(self, symbols: Iterable[str], now: float) -> None:
        self.inter_arrivals = {symbol: InterArrival(now) for symbol in symbols}
        self._line = InterArrival(now)
        self.connected_at = now

    def connected(self, now: float) -> None:
        """A new connection is open: symbols that stay quiet on it are to be checked."""
        self.connected_at = now
        for inter_arrival in (*self.inter_arrivals.values(), self._line):
            inter_arrival.connected(now)

    def handed_over(self, now: float) -> None:
        """A handover has taken place without a break.

        That the old connection delivered a symbol does not prove that the new one does.
        """
        for inter_arrival in self.inter_arrivals.values():
            inter_arrival.handed_over = now

    def unsettle(self, symbols: Iterable[str] | None = None) -> None:
        """Trades of these symbols, or of all, may have been missed: check quiet ones again."""
        for symbol in self.inter_arrivals if symbols is None else symbols:
            inter_arrival = self.inter_arrivals[symbol]
            inter_arrival.checked, inter_arrival.fresh = None, True

    def ticked(self, counts: Mapping[str, int], now: float) -> None:
        """Ticks have arrived; `counts`: how many, by symbol."""
        for symbol, ticks in counts.items():
            self.inter_arrivals[symbol].ticked(ticks, now)
        self._line.ticked(sum(counts.values()), now)

    def suspects(self, now: float) -> list[str]:
        """The symbols to check now, the most urgent first.

        When the connection as a whole is stale, though no symbol is, the busiest symbol is checked
        on behalf of all.
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
            first = None  # It has been tried.
        idle = [
            symbol
            for symbol in due
            if max(self.inter_arrivals[symbol].looking_until, self.inter_arrivals[symbol].retry_at)
            <= now
        ]
        return sorted(idle, key=lambda symbol: (symbol != first, *self._urgency(symbol, now)))

    def _busiest(self, now: float) -> str:
        """The symbol that ticks most often, of those whose checks the exchange does not reject."""
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
        """The sort key of checks.

        First come symbols whose watermark was withdrawn: those that were not tried yet, then the
        one whose last attempt is longest ago. Then come symbols that were not checked since their
        last tick, and the one whose last tick or check is longest ago.
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

        That of the busiest symbol counts for the connection as well.
        """
        inter_arrival = self.inter_arrivals[symbol]
        inter_arrival.looked(taken)
        inter_arrival.looking_until = taken
        if symbol == self._busiest(taken):
            self._line.looked(taken)

    def failed(self, symbol: str, now: float, *, refused: bool = False) -> None:
        """A check failed: it is tried again soon.

        refused: the exchange rejects the request for this symbol.
        """
        self.inter_arrivals[symbol].failed(now, refused=refused)

    def trusted(self, symbol: str, now: float) -> bool:
        """Whether neither the symbol nor the connection is stale."""
        return not (self.inter_arrivals[symbol].is_overdue(now) or self._line.is_overdue(now))
