"""Progress of a long repair: a log line now and then, and one at its end."""

import time
from collections.abc import Callable

from ..formats.counts import counted
from .repairer import Repairer

# Seconds between two lines.
INTERVAL = 10.0


class Progress:
    """`say` takes a finished line. Call `tell` after every turn, and at the end."""

    def __init__(
        self,
        repairer: Repairer,
        say: Callable[[str], None],
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repairer = repairer
        self._say = say
        self._interval = interval
        self.clock = clock
        self._told_at = clock()
        self._told_ticks = 0

    def tell(self, *, at_once: bool = False) -> None:
        """Report progress, if something was done and enough time has passed, or at once."""
        if self._repairer.ticks == self._told_ticks:
            return
        now = self.clock()
        if not at_once and now - self._told_at < self._interval:
            return
        missing = self._repairer.missing()
        left = "nothing is missing"
        if missing.gaps:
            left = (
                f"{counted(missing.trades, 'trade')} missing in {counted(len(missing.gaps), 'gap')}"
            )
        fetched = counted(self._repairer.ticks - self._told_ticks, "missing tick")
        self._say(f"{fetched} fetched; {left}.")
        self._told_at, self._told_ticks = now, self._repairer.ticks
