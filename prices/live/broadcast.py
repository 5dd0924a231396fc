"""The broadcast: one thread listens for changes and reads them for all clients of a process."""

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from django.db import Error

from pricetracker import reasons

from ..formats.instants import iso
from .changes import Reading, Shapes, event
from .listen import Heard, listening
from .snapshot import Event, Outrun, Snapshot, Wish

logger = logging.getLogger(__name__)

# Minimum seconds between two publications.
PUBLISH_INTERVAL = 0.1

# Maximum events per second to all clients together. With hundreds of clients publications become
# less frequent, so that the rest of the site keeps its share of the processor.
MAX_EVENTS_PER_SECOND = 2_000

# Seconds between two reads of everything, changed or not: a recorder that dies does not notify.
READ_INTERVAL = 1.0

# Seconds between two heartbeat events, which only show that the connection is alive.
HEARTBEAT_INTERVAL = 5.0

# Seconds without an event, not even a heartbeat, after which the thread counts as stuck: the
# database neither answers nor closes the connection.
STUCK_AFTER = 3 * HEARTBEAT_INTERVAL

# Maximum number of clients of one process. Each takes a connection and its memory.
MAX_CLIENTS = 1_000


class Broadcast:
    """Runs while it has clients and the database is available.

    Call its methods in the event loop in which it was created.
    """

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.loop = asyncio.get_running_loop()
        self._snapshot = Snapshot()
        self.wishes: list[Wish] = []
        # The clients for which the snapshot is up to date.
        self._served: frozenset[Wish] = frozenset()
        self._told_at = self.loop.time()
        self.over = False
        self._more = asyncio.Event()

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="live push", daemon=True)
        self._thread.start()
        self._watch()

    @property
    def stuck(self) -> bool:
        return self.loop.time() - self._told_at > STUCK_AFTER and self._thread.is_alive()

    def _watch(self) -> None:
        if self.stuck:
            self.end()
        elif not self.over:
            self.loop.call_later(1, self._watch)

    async def read(self, wish: Wish) -> AsyncIterator[bytes]:
        """The events that a client wants, as they happen, in the format of Server-Sent Events.

        Ends when the broadcast ends, or when the client cannot keep up.
        """
        place = self._snapshot.enter()
        # A new list each time shows the thread that there is a new client.
        self.wishes = [*self.wishes, wish]
        try:
            while not self.over:
                more = self._more
                # Parts of the snapshot that no present client wanted are out of date until the
                # thread has read them for this one.
                if wish in self._served and (told := self._snapshot.read(wish, place)):
                    yield told
                else:
                    await more.wait()
        except Outrun:
            return
        finally:
            left = self.wishes.copy()
            left.remove(wish)
            self.wishes = left
            if not left:
                self.end()

    def _publish(self, events: list[Event], served: frozenset[Wish]) -> None:
        self._snapshot.publish(events)
        self._served = served
        self._told_at = self.loop.time()
        self._wake()

    def end(self) -> None:
        self.over = True
        self._wake()

    def _wake(self) -> None:
        more, self._more = self._more, asyncio.Event()
        more.set()

    # In the thread.

    def run(self) -> None:
        try:
            with listening() as hear:
                self._listen(hear)
        except Error as error:
            logger.error("Live push stopped, database unavailable: %s", reasons.first(error))  # noqa: TRY400
        finally:
            self._tell(self.end)

    def _listen(self, hear: Callable[[float], Heard]) -> None:
        reading = Reading(self._shapes)
        seen: list[Wish] = []
        served: frozenset[Wish] = frozenset()
        looked = beaten = -math.inf
        while not self.over:
            heard = hear(PUBLISH_INTERVAL)
            began = time.monotonic()
            wishes = self.wishes
            events = list(reading.gaps(heard.gaps)) if heard.gaps else []
            if wishes is not seen or began - looked >= READ_INTERVAL:
                seen, served, looked = wishes, frozenset(wishes), began
                events += reading.everything(served)
            elif heard.symbols:
                events += reading.changed(served, heard.symbols)
            if began - beaten >= HEARTBEAT_INTERVAL:
                events.append(heartbeat(self._shapes))
                beaten = began
            if events or served is not self._served:
                self._tell(self._publish, events, served)
                self._rest(time.monotonic() - began, clients=len(wishes))

    @staticmethod
    def _rest(took: float, clients: int) -> None:
        """Wait until the next publication is due; at least for as long as the last one took."""
        time.sleep(max(took, PUBLISH_INTERVAL - took, clients / MAX_EVENTS_PER_SECOND - took))

    def _tell(self, method: Callable[..., None], *arguments: object) -> None:
        try:
            self.loop.call_soon_threadsafe(method, *arguments)
        except RuntimeError:
            # The event loop is closed, and its clients are gone with it.
            self.over = True


def heartbeat(shapes: Shapes) -> Event:
    return event("heartbeat", "", "", shapes.json({"now": iso(datetime.now(UTC))}))


# The broadcast of this process; None while there are no clients.
current: Broadcast | None = None


def on_air(shapes: Shapes) -> Broadcast:
    """The broadcast of this process; starts one that uses these shapes if none is running."""
    global current
    if current is None or current.over or current.loop is not asyncio.get_running_loop():
        current = Broadcast(shapes)
        current.start()
    return current


def is_stuck() -> bool:
    return current is not None and current.stuck


def sign_off() -> None:
    """End all streams of this process, which is stopping. Call it in the event loop."""
    if current is not None:
        current.end()
