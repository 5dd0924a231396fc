"""A thread beside the recording that does what takes REST: it never makes the recording wait."""

import logging
import threading
from collections.abc import Callable, Sequence

from pricetracker.reasons import first

from ..exchange.rest import Stopped
from ..recording.line import AWAY

logger = logging.getLogger(__name__)

# Seconds between two looks for work, when there is none.
BEAT = 1.0

# Seconds after which work is tried again when the database is away, or something happened that nobody thought of.
AWAY_FOR = 5.0
ASTRAY_FOR = 60.0


class Worker:
    """Gives each of its jobs a turn, for as long as one of them finds something to do; then it rests for a beat.

    A job returns whether it found something. Told to stop, the thread ends within a beat, or after the answer that it waits for.
    """

    def __init__(
        self, jobs: Sequence[Callable[[], bool]], stopped: Callable[[], bool], beat: float = BEAT
    ) -> None:
        self.jobs = jobs
        self.stopped = stopped
        self.beat = beat
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="backfill", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def end(self, patience: float) -> None:
        """Wait for the thread to end; not for long, since what it does can be done again by the next."""
        self.ended.set()
        self.thread.join(patience)

    def run(self) -> None:
        while not self.over():
            rest = self.work()
            if rest:
                self.ended.wait(rest)

    def over(self) -> bool:
        return self.ended.is_set() or self.stopped()

    def work(self) -> float:
        """One turn of each job. How many seconds to rest then."""
        try:
            # All of them, whatever the first one finds.
            busy = [job() for job in self.jobs]
        except Stopped:
            return self.beat
        except AWAY as error:
            logger.warning("The database is away: %s", first(error))
            return AWAY_FOR
        except Exception:
            # Recording goes on whatever happens here, and what is left undone is known to the tape.
            logger.exception("Missing trades are not fetched for %.0f seconds.", ASTRAY_FOR)
            return ASTRAY_FOR
        return 0.0 if any(busy) else self.beat
