"""Rotation: when and why a connection is replaced. No socket, no thread, no clock of its own."""

from collections.abc import Callable
from math import inf

from .attempts import AttemptBudget
from .backoff import CEILING, WORKED, Backoff
from .reconnection import Reconnection

HOUR = 3600

# Maximum age of a connection, in seconds: the exchange closes it after 24 hours.
ROTATE_AFTER = 23 * HOUR

# Seconds by which it is less, at random, so that recorders that started together do not rotate
# together.
SPREAD = 1 * HOUR

# The reasons, as the log has them.
AGE = "The exchange ends every connection after a day."
SHUTDOWN = "The exchange is about to close the connection."


class Rotation:
    """Decides when the present connection is replaced.

    Before the time `look_at`, `due` need not be called: comparing a number per frame is cheap.
    Other threads may call `ask`, and nothing else.
    """

    def __init__(self, draw: Callable[[], float], budget: AttemptBudget) -> None:
        self._draw = draw
        self._budget = budget
        self._start_again()
        self.begin(-inf)

    def _start_again(self) -> None:
        self._waits = Backoff(self._draw)
        self._reconnection = Reconnection(self._budget, draw=self._draw)
        self._next_try = -inf

    def begin(self, now: float) -> None:
        """A new connection delivers: forget what was requested of the previous one."""
        self._began = now
        self._until = now + ROTATE_AFTER - self._draw() * SPREAD
        self.reason = ""  # Why it is to be replaced, if it is.
        self.trusted = True
        self.asked: str | None = None
        self.look_at = -inf

    def ask(self, reason: str) -> None:
        """Replace the present connection, which is not to be trusted. Any thread may call it."""
        self.asked = reason
        self.look_at = -inf

    def want(self, reason: str, now: float, lasting: float = CEILING) -> None:
        """Replace the present connection; the backoff decides how soon.

        The backoff starts again if the connection lasted for more than `lasting` seconds.
        """
        if not self.reason and now - self._began > lasting:
            self._start_again()
        self.reason = reason
        self.look_at = -inf

    def due(self, now: float) -> bool:
        if not self.reason:
            # Before reading `asked`: a request that comes in between resets it.
            self.look_at = self._until
        if self.asked is not None:
            self.distrust(self.asked, now)
            self.asked = None
        elif not self.reason and now >= self._until:
            self.want(AGE, now)
        return bool(self.reason)

    def distrust(self, reason: str, now: float) -> None:
        """Replace the present connection, of which trades may be missing already."""
        self.want(reason, now, lasting=WORKED)
        self.trusted = False

    def may_try(self, now: float) -> bool:
        return now >= self._next_try and not self._budget.wait(now)

    def tried(self, now: float) -> None:
        """An attempt is over. The next one waits for the backoff."""
        self._next_try = now + self._waits.next()

    def failed(self, error: BaseException, now: float) -> None:
        """An attempt failed. While trades are missing, an outage is not waited out."""
        wait = self._reconnection.wait(error, now)
        self._next_try = now + (max(wait, self._waits.next()) if self.trusted else wait)
