"""Log lines that name many symbols: written at intervals, however many there are."""

from collections.abc import Callable, Iterable

# Seconds between two lines of one kind.
INTERVAL = 60.0

# Maximum number of symbols that a line names.
NAMED = 10


class SymbolLog:
    """Collects symbols, and says when a line about them is due. `clock`: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._symbols: dict[str, None] = {}
        self._told_at: float | None = None

    def add(self, symbol: str) -> None:
        self._symbols[symbol] = None

    def due(self) -> str | None:
        """The symbols collected since the last line, in words; None when no line is due.

        A line that is due must be written: the collection begins again.
        """
        now = self._clock()
        if self._told_at is not None and now - self._told_at < INTERVAL:
            return None
        names = named(self._symbols)
        self._symbols.clear()
        self._told_at = now
        return names


def named(symbols: Iterable[str]) -> str:
    """Some symbols by name, and how many more there are."""
    names = list(symbols)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
