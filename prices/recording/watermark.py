"""What a recorder can claim complete, up to which instant of the exchange's clock.

No clock of its own.
"""

# Microseconds. A trade may be sent a little later than one of the same instant in another market,
# and may be on the way a little longer than what is received after it: it has arrived when the
# exchange's clock shows this much more.
SETTLING = 2_000_000


class Watermark:
    """The watermark of each symbol, from its first tick on a connection until the connection is
    lost.

    Only that tick shows, by its trade id, whether something is missing before it; or else REST
    returns the last trade, and that one is on the tape. From then on the connection delivers all
    that the exchange sends, in order. The ticks show the exchange's clock; a monotonic clock shows
    how much later something else was received, such as a ping.
    """

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self._sent = 0
        self.taken = 0.0

    def lose(self) -> None:
        """The connection is gone, or frames of it were dropped: what follows may not be
        consecutive.
        """
        self.symbols.clear()

    def hear(self, symbols: set[str], sent: int, taken: float) -> None:
        """Ticks were taken over at `taken` (seconds, monotonic), the last of them sent at
        `sent` (microseconds).
        """
        self.symbols |= symbols
        self._sent = sent
        self.taken = taken

    def join(self, symbol: str, now: int, taken: float) -> None:
        """The exchange's clock showed `now` at `taken`, and the symbol's last trade by then is
        on the tape.
        """
        self.symbols.add(symbol)
        if not self._sent:
            self._sent, self.taken = now, taken

    def doubt(self, symbol: str) -> None:
        """Trades of one symbol were made and did not arrive."""
        self.symbols.discard(symbol)

    def heard(self, heard: float) -> float:
        """When the last thing was received, if something was at `heard`: not before the last tick."""
        return max(heard, self.taken)

    def through(self, heard: float, known: int) -> int:
        """Microseconds: all trades made before this were received, if something was received at
        `heard`.

        `known` is what the exchange's clock is known to have shown by then: one event, or one
        answer of REST, whose time is ahead of that claims no more.
        """
        # The last tick was received before it was taken over: more time has passed since than is
        # added here.
        passed = int((self.heard(heard) - self.taken) * 1_000_000)
        return min(self._sent + passed, known) - SETTLING
