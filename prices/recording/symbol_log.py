"""Log lines that would come too often: written at intervals, however many there are."""

from collections.abc import Callable, Collection

# Seconds between two lines of one kind.
INTERVAL = 60.0

# Maximum number of symbols that a line names.
NAMED = 10


class SymbolLog:
    """Says when a line of one kind is due. `clock`: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told_at: float | None = None

    def due(self, symbols: Collection[str]) -> str | None:
        """The symbols in words, if a line about them is due. A line that is due must be written."""
        now = self._clock()
        if not symbols or (self._told_at is not None and now - self._told_at < INTERVAL):
            return None
        self._told_at = now
        return named(symbols)


class RepeatedReason:
    """Says when a reason is worth a line: when it is a new one, and then once per interval.

    `clock`: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reason: str | None = None
        self._told_at = 0.0

    def due(self, reason: str) -> bool:
        """Whether to write a line about it. One that is due must be written."""
        now = self._clock()
        if reason == self._reason and now - self._told_at < INTERVAL:
            return False
        self._reason, self._told_at = reason, now
        return True

    def over(self) -> None:
        """The trouble is over: the next one is new."""
        self._reason = None


def named(symbols: Collection[str]) -> str:
    """Some symbols by name, and how many more there are."""
    names = list(symbols)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
