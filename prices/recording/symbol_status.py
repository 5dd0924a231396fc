"""Logs why a stale symbol is quiet: it is not traded now."""

import logging
from collections.abc import Callable

from ..exchange import exchange_info as listing
from ..exchange.rest import Rest
from ..exchange.rest_errors import Unanswered

logger = logging.getLogger(__name__)

# Seconds between two requests, of all symbols together: the status is only logged.
INTERVAL = 60.0


class SymbolStatus:
    """Call `tell` with each stale symbol. `clock`: seconds, monotonic."""

    def __init__(self, rest: Rest, clock: Callable[[], float]) -> None:
        self._rest = rest
        self._clock = clock
        self._due_at = clock()
        self._statuses: dict[str, str] = {}

    def tell(self, symbol: str) -> None:
        """Log when a symbol is no longer traded, and when it is traded again. Raises Stopped."""
        if self._clock() < self._due_at:
            return
        self._due_at = self._clock() + INTERVAL
        try:
            found = listing.ask(self._rest, [symbol]) or []
        except Unanswered:
            # Only logged: the check itself has been answered.
            return
        for listed in found:
            if listed.status != self._statuses.get(symbol, listing.TRADING):
                logger.info("%s is stale: its status is %s.", symbol, listed.status)
            self._statuses[symbol] = listed.status
