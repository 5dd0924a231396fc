"""The bounded queue between the reader, which must not wait long, and the writer, which may."""

import threading
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

Event = TypeVar("Event")

# Events. A frame weighs some 250 bytes: 50 MB when full; 11 minutes at 300 ticks per second, 20
# seconds at 10,000.
CAPACITY = 200_000

# Bytes above which the size of a frame is counted. Ticks are smaller, so `put` usually counts
# nothing. A buffer full of uncounted frames takes 100 MB.
LARGE = 512

# Maximum bytes of all large frames. A message may have 1 MiB, so a number of frames alone would
# bound nothing. 64 of the largest take as much memory as a buffer full of ticks.
MOST_LARGE_BYTES = 64 << 20

# Maximum number of events in one batch: bounds its memory, and the time until a stop is noticed.
LARGEST_BATCH = 10_000

# Seconds that the reader waits for room. Long enough for a slow database to catch up while frames
# wait in the network; short enough to answer pings within the 60 s that the exchange allows.
ROOM_TIMEOUT = 5.0


# Maximum number of check results that wait for the writer: one arrives every two seconds.
MOST_ASIDE = 1_000


class Buffer(Generic[Event]):
    """One thread puts events, another takes them.

    It is full by the number of events, or by the bytes of large frames. When it stays full, the
    oldest events are dropped and counted in `dropped`.

    Any other thread may `hand_over` check results, which reach the writer in their place among the
    events. They take up no room, and `put`, which runs for every frame, needs no lock.
    """

    def __init__(
        self,
        capacity: int = CAPACITY,
        patience: float = ROOM_TIMEOUT,
        most_large_bytes: int = MOST_LARGE_BYTES,
    ) -> None:
        self._events: deque[Event] = deque()
        # What was handed over; and, once the taker has seen it, how many events come before it.
        self._aside: deque[Event] = deque(maxlen=MOST_ASIDE)
        self._queued: deque[tuple[int, Event]] = deque()
        self._capacity = capacity
        self.patience = patience
        self._most_large_bytes = most_large_bytes
        # Bytes of large frames that were put and not dropped, and that were taken. Each is written
        # by one thread only.
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
        """Whether there is no room for one more event; `size`: its bytes if it is a large frame."""
        if size and self.large_in - self.large_out + size > self._most_large_bytes:
            return bool(self._events)
        return len(self._events) >= self._capacity

    def _wait_for_room(self, size: int) -> None:
        """Wait until the writer makes room, or the timeout is over.

        After a timeout it does not wait again until the writer takes something.
        """
        self.room.clear()
        if self._is_full(size) and not self._stalled:
            self._stalled = not self.room.wait(self.patience)

    def _drop_while_full(self, size: int) -> None:
        while self._is_full(size):
            # The writer may be taking the last of them.
            with suppress(IndexError):
                self.large_in -= size_of(self._events.popleft())
                self.dropped += 1

    def hand_over(self, event: Event) -> None:
        """Queue an event after everything that was put before. Any thread may call it."""
        self._aside.append(event)
        self.filled.set()

    def take(self, timeout: float) -> list[Event]:
        """The oldest events, up to LARGEST_BATCH of them and what was handed over among them.

        Waits for the first one, up to `timeout` seconds; then the list is empty.
        """
        if not (self._events or self._aside):
            self.filled.wait(timeout)
        self.filled.clear()
        # Take what was handed over first and count the events second: the count then includes
        # everything that was put before.
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
        # The reader may be dropping some of them.
        with suppress(IndexError):
            for _ in range(min(len(self._events), LARGEST_BATCH)):
                events.append(self._events.popleft())
        if self.large_in != self.large_out:
            # Otherwise none is large: what was put was counted before.
            self.large_out += sum(map(size_of, events))
        return events


def size_of(event: object) -> int:
    """The bytes that count of an event: those of a large frame, else 0."""
    return len(event) if isinstance(event, bytes) and len(event) > LARGE else 0
