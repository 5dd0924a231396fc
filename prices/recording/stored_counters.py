"""Adds the counts of a recorder to the counters in the database, which outlive it."""

import logging
import time
from collections.abc import Callable, Mapping

import psycopg

from pricetracker.reasons import first

from ..patience import LOCKED
from .reconnecting import ReconnectingTape
from .session import AWAY
from .tape import Tape

logger = logging.getLogger(__name__)

# Seconds between two writes: as often as a heartbeat, and at once with it.
INTERVAL = 1.0

# Seconds until the next attempt after one that failed while the database answered. Such an attempt
# may take 5 s, for as long as it waits for a lock, and recording waits for it.
RETRY_AFTER = 60.0

# Several recorders add to the same rows. In one order, so that none waits for another in a circle.
ADD = """
INSERT INTO prices_counter (name, value)
SELECT name, added FROM unnest(%(names)s::text[], %(added)s::bigint[]) AS counts (name, added)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET value = prices_counter.value + excluded.value
"""


class StoredCounters:
    """Adds what was counted since the last write. `counts` returns all counts, by name.

    Nothing that goes wrong here stops recording: what could not be added is added with the next
    write. If the connection breaks during a write, what it added may be added twice.
    """

    def __init__(
        self,
        tape: ReconnectingTape,
        counts: Callable[[], Mapping[str, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tape = tape
        self._counts = counts
        self._clock = clock
        self._stored: dict[str, int] = {}
        self._due_at = clock()

    def store_if_due(self) -> None:
        if self._clock() >= self._due_at:
            self._due_at = self._clock() + INTERVAL
            self.store()

    def store(self) -> None:
        """Add what is new. Only while the database is there: the heartbeat notices its return."""
        counts = dict(self._counts())
        grown = {name: count - self._stored.get(name, 0) for name, count in counts.items()}
        added = {name: growth for name, growth in grown.items() if growth}
        if added and self._tape.is_open:
            self._tape.attempt(lambda tape: self._add(tape, added, counts))

    def _add(self, tape: Tape, added: Mapping[str, int], counts: dict[str, int]) -> None:
        """Raises one of AWAY when the database is away."""
        names_and_values = {"names": list(added), "added": list(added.values())}
        try:
            tape.database.execute(ADD, names_and_values)
        except psycopg.Error as error:
            # A lock that somebody else holds is no reason to give up the connection, and with it
            # the watermarks.
            if isinstance(error, AWAY) and not isinstance(error, LOCKED):
                raise
            self._due_at = self._clock() + RETRY_AFTER
            logger.warning(
                "The counters for /metrics were not stored; retrying in %.0f s: %s",
                RETRY_AFTER,
                first(error),
            )
        else:
            self._stored = counts
