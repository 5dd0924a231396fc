"""The bounded queue between the reader, which must never wait for long, and the writer, which
may.
"""

import threading
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

Event = TypeVar("Event")

# Events. A frame weighs some 250 bytes: 50 MB when full; 11 minutes at 300 ticks per second, 20
# seconds at 10,000.
CAPACITY = 200_000

# Bytes from which on a frame's size is counted: a tick never has so many, so that `put` counts
# nothing as a rule. Uncounted frames are 100 MB when the buffer is full of them.
LARGE = 512

# Bytes of large frames. A message may have 1 MiB, so that their number alone bounds nothing: none of
# them is a tick, and 64 of the largest are as much memory as a full buffer of ticks takes.
MOST_LARGE_BYTES = 64 << 20

# Maximum number of events that one batch stores: bounds its memory and the time until a stop is
# noticed.
LARGEST_BATCH = 10_000

# Seconds that the reader waits for room. Long enough for a slow database to catch up, while the
# exchange's data waits in the network; short enough to go on answering its pings, within the 60
# seconds that it allows.
PATIENCE = 5.0


# Maximum number of check results that wait for the writer: one arrives every two seconds.
MOST_ASIDE = 1_000


class Buffer(Generic[Event]):
    """One thread puts, another takes. When it stays full, the oldest events are dropped and
    counted.

    It is full by their number, or by the bytes of the large frames among them.

    Check results, which must reach the writer in their place among the events, come from any other
    thread through `hand_over`: they take no event's room, and `put`, which is called for each
    frame, needs no lock.
    """

    def __init__(
        self,
        capacity: int = CAPACITY,
        patience: float = PATIENCE,
        most_large_bytes: int = MOST_LARGE_BYTES,
    ) -> None:
        self._events: deque[Event] = deque()
        # What was handed over, and, once the taker has seen it, how many events still come before
        # it.
        self._aside: deque[Event] = deque(maxlen=MOST_ASIDE)
        self._queued: deque[tuple[int, Event]] = deque()
        self._capacity = capacity
        self.patience = patience
        self._most_large_bytes = most_large_bytes
        # Bytes of large frames that came in and were not dropped, and that were taken: either is
        # written by one thread alone.
        self.large_in = 0
        self.large_out = 0
        self.dropped = 0
        self.filled = threading.Event()
        self.room = threading.Event()
        self._stalled = False

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        if isinstance(event, bytes) and len(event) > LARGE:
            self._make_room_for(len(event))
        if len(self._events) == self._capacity:
            self._wait_for_room(0)
            self._drop_while_full(0)
        self._events.append(event)
        if not self.filled.is_set():
            self.filled.set()

    def _make_room_for(self, size: int) -> None:
        if self._is_full(size):
            self._wait_for_room(size)
            self._drop_while_full(size)
        self.large_in += size

    def _is_full(self, size: int) -> bool:
        """There is no room for one more event, or for a large frame of so many bytes."""
        if size and self.large_in - self.large_out + size > self._most_large_bytes:
            return bool(self._events)
        return len(self._events) >= self._capacity

    def _wait_for_room(self, size: int) -> None:
        """Let the writer catch up.

        A writer that did not make room in time is not waited for again until it takes something.
        """
        self.room.clear()
        if self._is_full(size) and not self._stalled:
            self._stalled = not self.room.wait(self.patience)

    def _drop_while_full(self, size: int) -> None:
        while self._is_full(size):
            # The writer may take the last of them just now.
            with suppress(IndexError):
                self.large_in -= size_of(self._events.popleft())
                self.dropped += 1

    def hand_over(self, event: Event) -> None:
        """Let the taker have it after everything that was put before. For any thread."""
        self._aside.append(event)
        self.filled.set()

    def take(self, timeout: float) -> list[Event]:
        """The oldest events, all at once; waits for the first one, and returns none after
        `timeout` seconds.
        """
        if not (self._events or self._aside):
            self.filled.wait(timeout)
        self.filled.clear()
        # First what was handed over, then the number of events: everything that was put before it
        # is counted.
        handed = [self._aside.popleft() for _ in range(len(self._aside))]
        waiting = len(self._events)
        events = self._take_oldest()
        if events:
            self._stalled = False
            self.room.set()
        self._queued.extend((waiting, event) for event in handed)
        self._queued = deque((before - len(events), event) for before, event in self._queued)
        while self._queued and self._queued[0][0] <= 0:
            events.append(self._queued.popleft()[1])
        return events

    def _take_oldest(self) -> list[Event]:
        events: list[Event] = []
        # Whoever puts may drop some of them meanwhile.
        with suppress(IndexError):
            for _ in range(min(len(self._events), LARGEST_BATCH)):
                events.append(self._events.popleft())
        self.large_out += sum(map(size_of, events))
        return events


def size_of(event: object) -> int:
    """As far as it is counted."""
    return len(event) if isinstance(event, bytes) and len(event) > LARGE else 0
