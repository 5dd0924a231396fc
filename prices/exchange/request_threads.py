"""Runs each request in a thread of its own, so that it can be abandoned."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future

from .rest_errors import Stopped, Unanswered

# Requests that were abandoned and have not ended. Their sockets are shut, so one that has not ended
# is waiting for the system's resolver.
MOST_STRAYS = 4

# Seconds between two checks whether to stop.
CHECK_INTERVAL = 0.1


class RequestThreads:
    """Runs requests one at a time, each for at most `longest` seconds.

    A request is abandoned when it takes longer, or when `stopped` says that the process is
    stopping. `hang_up` shuts its connection, so that its thread ends.
    """

    def __init__(
        self, *, stopped: Callable[[], bool], hang_up: Callable[[], None], longest: float
    ) -> None:
        self._stopped = stopped
        self._hang_up = hang_up
        self._longest = longest
        # The threads of abandoned requests that have not ended.
        self.strays: list[threading.Thread] = []

    def run(self, request: Callable[[], bytes]) -> bytes:
        """What the request returns. Raises what it raises, Unanswered when it takes too long, or
        Stopped.
        """
        self.strays = [thread for thread in self.strays if thread.is_alive()]
        if len(self.strays) >= MOST_STRAYS:
            raise Unanswered(f"{MOST_STRAYS} earlier requests are still running.")
        outcome: Future[bytes] = Future()

        def work() -> None:
            try:
                outcome.set_result(request())
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                outcome.set_exception(error)

        thread = threading.Thread(target=work, name="REST", daemon=True)
        thread.start()
        for _ in range(math.ceil(self._longest / CHECK_INTERVAL)):
            try:
                return outcome.result(CHECK_INTERVAL)
            except TimeoutError:
                if self._stopped():
                    self._abandon(thread)
                    raise Stopped from None
        self._abandon(thread)
        raise Unanswered("The exchange did not answer in time.")

    def _abandon(self, thread: threading.Thread) -> None:
        self.strays.append(thread)
        self._hang_up()
