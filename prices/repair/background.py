"""A thread beside the recording for work that needs REST: it never makes the recording wait."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from pricetracker.reasons import first

from ..exchange.rest_errors import Stopped
from ..recording.database_errors import Refusal
from ..recording.session import AWAY

logger = logging.getLogger(__name__)

# Seconds between two checks for work, when there is none.
CHECK_INTERVAL = 1.0

# Seconds after which work is retried when the database is unavailable, or after an unexpected
# error.
DATABASE_RETRY = 2.0
ERROR_RETRY = 60.0


class Background:
    """Gives each job a turn, as long as one of them finds something to do; then it pauses.

    A job returns whether it found something to do. A job that fails pauses alone: the others
    continue. When told to stop, the thread ends within one pause, or after the response that it
    waits for.
    """

    def __init__(
        self,
        jobs: Sequence[Callable[[], bool]],
        stopped: Callable[[], bool],
        interval: float = CHECK_INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._stopped = stopped
        self._interval = interval
        self.clock = clock
        # Until when each job pauses.
        self._resting = [clock()] * len(jobs)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="background", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def end(self, patience: float) -> None:
        """Wait for the thread to end; not for long, since the next run can repeat its work."""
        self.ended.set()
        self.thread.join(patience)

    def run(self) -> None:
        while not self.over():
            rest = self.work()
            if rest:
                self.ended.wait(rest)

    def over(self) -> bool:
        return self.ended.is_set() or self._stopped()

    def work(self) -> float:
        """One turn of each job that is not paused. Returns the seconds to pause then."""
        rests = [self.turn(number) for number in range(len(self._jobs))]
        return min(rests, default=self._interval)

    def turn(self, number: int) -> float:
        """One turn of a job. Returns the seconds until its next turn."""
        if (left := self._resting[number] - self.clock()) > 0:
            return left
        try:
            return 0.0 if self._jobs[number]() else self._interval
        except Stopped:
            return self._interval
        except AWAY as error:
            logger.warning("Database unavailable: %s", first(error))
            rest = DATABASE_RETRY
        except Refusal as error:
            # Nothing is wrong here: a person has to act, and the message says why.
            logger.error(  # noqa: TRY400 - the message says it all
                "%s Repairs and checks that need it are retried every %.0f s.", error, ERROR_RETRY
            )
            rest = ERROR_RETRY
        except Exception:
            # Recording continues whatever happens here, and the gap ledger knows what is left
            # undone.
            logger.exception(
                "Unexpected error in the background thread; retrying in %.0f s.", ERROR_RETRY
            )
            rest = ERROR_RETRY
        self._resting[number] = self.clock() + rest
        return rest
