"""A tape that waits for an unavailable database, and reconnects."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from pricetracker.reasons import first

from ..exchange.backoff import backoff
from ..patience import patiently
from .database_errors import Refusal, is_lasting
from .session import AWAY
from .tape import Tape

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Maximum seconds between two attempts to reach the database: what is received meanwhile has to wait
# in memory, and its readers for what is new.
CEILING = 2.0


class ReconnectingTape:
    """Every use raises Refusal when the database refuses the work in a way that no retry mends."""

    def __init__(
        self,
        open_tape: Callable[[], Tape],
        symbols: Sequence[str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._open_tape = open_tape
        self.symbols = symbols
        self.sleep = sleep
        self._tape: Tape | None = None
        # Called when the database is back: it may be another one, which lacks the last commits.
        self.returned: Callable[[], None] = lambda: None
        self._was_open = False

    def opened(self) -> Tape:
        """The tape, ready for its symbols. Raises one of AWAY."""
        if self._tape is None:
            tape = self._open_tape()
            try:
                tape.register(self.symbols)
            except BaseException:
                tape.close()
                raise
            self._tape = tape
            if self._was_open:
                self.returned()
            self._was_open = True
        return self._tape

    @property
    def is_open(self) -> bool:
        """The next use needs no new connection."""
        return self._tape is not None

    def once(self, use: Callable[[Tape], Result]) -> Result:
        """Use the tape.

        Raises one of AWAY when the database is unavailable; the next use reconnects.
        """
        try:
            with self._refusals():
                return self._use(use)
        except AWAY:
            self.close()
            raise

    def attempt(self, write: Callable[[Tape], None]) -> bool:
        """Write, unless the database is unavailable. Returns whether it was written."""
        try:
            with self._refusals():
                self._use(write)
        except AWAY as error:
            self._lose(error)
            return False
        return True

    def insist(self, write: Callable[[Tape], Result]) -> Result:
        """Write, and retry without end while the database is unavailable.

        Storing a tick twice is safe, losing it is not.
        """
        for wait in backoff(ceiling=CEILING):
            try:
                with self._refusals():
                    return self._use(write)
            except AWAY as error:
                self._lose(error)
                self.sleep(wait)
        raise AssertionError("backoff never ends")

    def _use(self, use: Callable[[Tape], Result]) -> Result:
        """A lock that somebody holds is waited for: it is no database that is unavailable."""
        tape = self.opened()
        return patiently(tape.database, "use the tape", lambda: use(tape))

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Tell what no retry mends from a database that is away."""
        try:
            yield
        except psycopg.Error as error:
            if is_lasting(error):
                self.close()
                raise Refusal(f"The database refuses: {first(error)}") from error
            raise

    def _lose(self, error: Exception) -> None:
        logger.warning("Database unavailable: %s", first(error))
        self.close()

    def close(self) -> None:
        if self._tape is not None:
            self._tape.close()
            self._tape = None
