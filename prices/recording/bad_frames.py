"""Bad frames: skipped, counted, and logged once a minute, with their symbols and an example."""

import logging
import re
import time
from collections.abc import Callable, Collection

from ..formats.counts import counted

logger = logging.getLogger(__name__)

# Seconds between two log lines, however many bad frames there are.
INTERVAL = 60.0

# Characters of a frame that the line shows.
SHOWN = 200

# Maximum number of symbols that the line names, and that are counted for it.
NAMED = 10
KEPT = 1_100

# Bytes of a frame that are searched for its symbol: a trade has some 250.
SEARCHED = 1_000

# Where a frame names its symbol: in its stream's name, and in the event. All repetitions are
# bounded, so that no frame takes long.
STREAM = re.compile(rb'"stream"\s{0,4}:\s{0,4}"([^"\\@]{1,150})@')
SYMBOL = re.compile(rb'"s"\s{0,4}:\s{0,4}"([^"\\]{1,150})"')


def symbol_of(frame: bytes, symbols: Collection[str]) -> str | None:
    """The symbol of a frame that cannot be decoded, among some symbols.

    None when it names none of them, or several.
    """
    head = frame[:SEARCHED]
    names = {name.decode(errors="replace").upper() for name in STREAM.findall(head)}
    names |= {name.decode(errors="replace") for name in SYMBOL.findall(head)}
    (name,) = names if len(names) == 1 else (None,)
    return name if name in symbols else None


class BadFrames:
    """Counts bad frames. Call `tell` regularly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.count = 0
        self._untold = 0
        self._told_at: float | None = None
        self.symbols: dict[str, None] = {}
        self._anonymous = False
        self._example = ""

    def add(self, frame: bytes, reason: str, symbols: Collection[str] = ()) -> None:
        """Count a frame.

        symbols: those whose trade it may have been; empty when it may have been any symbol's.
        """
        self.count += 1
        self._untold += 1
        self._anonymous |= not symbols
        if len(self.symbols) < KEPT:
            self.symbols |= dict.fromkeys(symbols)
        self._example = f"{reason}: {frame[:SHOWN]!r}"

    def tell(self) -> None:
        """Log what has not been logged yet, at once for the first frame and then once a minute."""
        now = self.clock()
        if self._untold and (self._told_at is None or now - self._told_at >= INTERVAL):
            logger.warning(
                "Skipped %s%s, %d in total; the last: %s",
                counted(self._untold, "frame"),
                self._owners(),
                self.count,
                self._example,
            )
            self._untold = 0
            self._told_at = now
            self.symbols = {}
            self._anonymous = False

    def _owners(self) -> str:
        """The symbols of the frames, as far as they are known."""
        names = sorted(self.symbols)
        told = names[:NAMED]
        if len(names) > NAMED:
            told.append(f"{len(names) - NAMED} more")
        if self._anonymous and names:
            told.append("unknown symbols")
        if not told:
            return ""
        return " of " + (f"{', '.join(told[:-1])} and {told[-1]}" if told[1:] else told[0])
