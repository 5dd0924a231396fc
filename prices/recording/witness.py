"""What a recorder can vouch for, and through which instant of the exchange's clock. No clock of its own."""


class Witness:
    """Vouches for a symbol from its first tick on a connection until the connection is lost.

    Only that tick shows, by its trade id, whether something is missing before it. From then on the connection delivers all
    that the exchange sends, in order: whatever was made before the last tick was made has arrived. When that was sent proves
    nothing: a trade takes some milliseconds to the stream, and another may be on that way. Times on the exchange's clock come
    from the ticks alone; in between, a monotonic clock tells how much later something was heard.
    """

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self.traded = 0
        self.taken = 0.0

    def lose(self) -> None:
        """The connection is gone, or frames of it were dropped: what follows may not join."""
        self.symbols.clear()

    def hear(self, symbols: set[str], traded: int, taken: float) -> None:
        """Ticks were taken over at `taken` (seconds, monotonic), the last of them traded at `traded` (microseconds)."""
        self.symbols |= symbols
        self.traded = traded
        self.taken = taken

    def through(self, heard: float) -> int:
        """Microseconds: the instant before which all trades had arrived by what was heard at `heard`."""
        # The ticks were received before they were taken over, so the time since then is longer than what is added here.
        return self.traded + max(0, int((heard - self.taken) * 1_000_000))
