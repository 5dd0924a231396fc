"""The watermark: which symbols are known complete, and up to when. No clock of its own."""

# Microseconds that the watermark stays behind. A trade may be sent a little later than one of the
# same instant of another symbol, or may take a little longer: by then it has arrived.
SETTLING = 2_000_000


class Watermark:
    """The symbols that have a watermark, and the instant of it.

    A symbol has one from its first tick on a connection until the connection is lost: that tick
    shows, by its trade id, whether trades are missing before it. A passed check shows the same.
    From then on the connection delivers everything in order. Event times tell the exchange's time;
    a monotonic clock tells how much later something else was received, such as a ping.
    """

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self._sent = 0
        self.taken = 0.0

    def lose(self) -> None:
        """The connection was lost, or frames of it were dropped: withdraw all watermarks."""
        self.symbols.clear()

    def hear(self, symbols: set[str], sent: int, taken: float) -> None:
        """Ticks of these symbols were taken from the buffer at `taken` (seconds, monotonic).

        sent: the event time of the last one, in microseconds.
        """
        self.symbols |= symbols
        self._sent = sent
        self.taken = taken

    def join(self, symbol: str, now: int, taken: float) -> None:
        """A check passed at `taken`: the symbol's last trade is on the tape.

        now: the exchange's time then, in microseconds.
        """
        self.symbols.add(symbol)
        if not self._sent:
            self._sent, self.taken = now, taken

    def doubt(self, symbol: str) -> None:
        """Trades of one symbol have not arrived: withdraw its watermark."""
        self.symbols.discard(symbol)

    def heard(self, heard: float) -> float:
        """When something was last received: at `heard`, or with the last tick if that is later."""
        return max(heard, self.taken)

    def through(self, heard: float, known: int) -> int:
        """The watermark in microseconds: all trades before it have been received.

        heard: when something was last received.
        known: the exchange's time then, as far as it is known. An event, or a response of REST,
        with a later time does not extend the watermark beyond it.
        """
        # Too little is added, which is safe: the last tick was received before it was taken.
        passed = int((self.heard(heard) - self.taken) * 1_000_000)
        return min(self._sent + passed, known) - SETTLING
