"""A tape that waits for an unavailable database, and reconnects."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from pricetracker.reasons import first

from ..exchange.backoff import backoff
from .refusals import Refusal, is_lasting
from .session import AWAY
from .tape import Tape

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Maximum seconds between two attempts to reach the database: what is received meanwhile has to wait
# in memory.
CEILING = 5.0


class ReconnectingTape:
    """Every use raises Refusal when the database refuses the work in a way that no retry mends."""

    def __init__(
        self,
        open_tape: Callable[[], Tape],
        symbols: Sequence[str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.open_tape = open_tape
        self.symbols = symbols
        self.sleep = sleep
        self.tape: Tape | None = None
        # Called when the database is back: it may be another one, which lacks the last commits.
        self.returned: Callable[[], None] = lambda: None
        self.was_open = False

    def opened(self) -> Tape:
        """The tape, ready for its symbols. Raises one of AWAY."""
        if self.tape is None:
            tape = self.open_tape()
            try:
                tape.register(self.symbols)
            except BaseException:
                tape.close()
                raise
            self.tape = tape
            if self.was_open:
                self.returned()
            self.was_open = True
        return self.tape

    @property
    def is_open(self) -> bool:
        """The next use needs no new connection."""
        return self.tape is not None

    def once(self, use: Callable[[Tape], Result]) -> Result:
        """Use the tape.

        Raises one of AWAY when the database is unavailable; the next use reconnects.
        """
        try:
            with self.refusals():
                return use(self.opened())
        except AWAY:
            self.close()
            raise

    def attempt(self, write: Callable[[Tape], None]) -> bool:
        """Write, unless the database is unavailable. Returns whether it was written."""
        try:
            with self.refusals():
                write(self.opened())
        except AWAY as error:
            self.lose(error)
            return False
        return True

    def insist(self, write: Callable[[Tape], Result]) -> Result:
        """Write, and retry without end while the database is unavailable.

        Storing a tick twice is safe, losing it is not.
        """
        for wait in backoff(ceiling=CEILING):
            try:
                with self.refusals():
                    return write(self.opened())
            except AWAY as error:
                self.lose(error)
                self.sleep(wait)
        raise AssertionError("backoff never ends")

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Tell what no retry mends from a database that is away."""
        try:
            yield
        except psycopg.Error as error:
            if is_lasting(error):
                self.close()
                raise Refusal(f"The database refuses: {first(error)}") from error
            raise

    def lose(self, error: Exception) -> None:
        logger.warning("Database unavailable: %s", first(error))
        self.close()

    def close(self) -> None:
        if self.tape is not None:
            self.tape.close()
            self.tape = None
