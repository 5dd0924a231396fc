"""Adds new symbols to the SQL view `prices`, in the background, without delaying the recording.

A branch lets PostgreSQL read a symbol's newest ticks by the index. Without one the symbol is in the
view as well, but its ticks are sorted for each query. It takes DDL, because the planner merges
ordered branches only where the symbol is a constant of the branch. So it is done here: in the
background thread, without a writer lock, and after 10 ms of waiting for the view not at all.
"""

import logging
import time
from collections.abc import Callable

from .reconnecting import ReconnectingTape

logger = logging.getLogger(__name__)

# Seconds until the next attempt when somebody was using the view.
RETRY_AFTER = 60.0

# Seconds until it is looked at again: another recorder may have added a symbol, or the database may
# be another one.
INTERVAL = 3600.0


class ViewRefresh:
    def __init__(
        self, tape: ReconnectingTape, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tape = tape
        self._clock = clock
        self._due_at = clock()
        self._told = False

    def turn(self) -> bool:
        """Refresh the view if it is due. Returns whether there was something to do.

        Raises one of AWAY when the database is unavailable.
        """
        now = self._clock()
        if now < self._due_at:
            return False
        self._due_at = now + RETRY_AFTER
        if self._tape.once(lambda tape: tape.refresh_view()):
            self._due_at = now + INTERVAL
            self._told = False
        elif not self._told:
            self._told = True
            logger.info(
                "New symbols are read slowly in the view prices for now: others use it, or it "
                "belongs to another user. Trying again every %.0f s.",
                RETRY_AFTER,
            )
        return True
