"""How fast history is stored: at full speed, or in small steps beside a running recorder."""

import time
from collections.abc import Callable

from ..recording.tape import Tape

# Ticks of one transaction. Larger batches are hardly faster, and hold the writer lock for longer.
ALONE = 50_000

# Beside a recorder: the writer lock is then held for some ten milliseconds at a time, which is what
# the recorder's own batches take in a busy second.
BESIDE = 500

# Pause beside a recorder, as a multiple of what the step before took: it finds the lock free, and
# has most of the disk and of the processors to itself.
PAUSE = 3.0

# Seconds between two looks whether one is running.
LOOK_EVERY = 2.0

# A recorder writes its heartbeat every second.
LIVE = """
SELECT EXISTS (
    SELECT FROM prices_symbol
    WHERE heard_at > now() - interval '5 seconds' AND heard_at < now() + interval '5 seconds'
)
"""


class Pacing:
    """`wait` sleeps for some seconds, or until a stop is requested."""

    def __init__(
        self, wait: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wait = wait
        self.clock = clock
        self._look_at = clock()
        self._is_beside = False

    def look(self, tape: Tape) -> None:
        """Find out whether a recorder is running, if that is due. Raises one of AWAY."""
        now = self.clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            ((self._is_beside,),) = tape.database.execute(LIVE).fetchall()

    @property
    def batch(self) -> int:
        """Ticks of the next transaction, at most."""
        return BESIDE if self._is_beside else ALONE

    def rest(self, took: float) -> None:
        """After a step that took some seconds."""
        if self._is_beside:
            self._wait(took * PAUSE)
