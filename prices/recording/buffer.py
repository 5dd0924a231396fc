"""Between the reader, who must never wait for long, and the writer, who may have to: a bounded queue of events."""

import threading
from collections import deque
from typing import Generic, TypeVar

Event = TypeVar("Event")

# Events. A frame weighs some 250 bytes: 50 MB when full; 11 minutes at 300 ticks a second, 20 seconds at 10,000.
CAPACITY = 200_000

# Events that one statement stores at most: bounds its memory and the time until a stop is noticed.
LARGEST_BATCH = 10_000

# Seconds that the reader waits for room. Long enough for a slow database to catch up, while the exchange's data waits in
# the network; short enough to go on answering its pings, which it wants within 60 seconds.
PATIENCE = 5.0


# Events that were not received that wait for the writer at most: the lookout hands over one in two seconds.
MOST_ASIDE = 1_000


class Buffer(Generic[Event]):
    """One thread puts, another takes. When it stays full the oldest events go, and `dropped` counts them.

    Whatever else is to reach the writer in its place among the events comes from any other thread through `hand_over`: it takes
    no event's room, and `put`, which is called for each frame, needs no lock.
    """

    def __init__(self, capacity: int = CAPACITY, patience: float = PATIENCE) -> None:
        self.events: deque[Event] = deque(maxlen=capacity)
        # Beside them what was handed over; and, once the taker has seen it, how many events still come before it.
        self.aside: deque[Event] = deque(maxlen=MOST_ASIDE)
        self.queued: deque[tuple[int, Event]] = deque()
        self.capacity = capacity
        self.patience = patience
        self.dropped = 0
        self.filled = threading.Event()
        self.room = threading.Event()
        self.stalled = False

    def __len__(self) -> int:
        return len(self.events)

    def put(self, event: Event) -> None:
        if len(self.events) == self.capacity:
            self.wait_for_room()
        self.events.append(event)
        if not self.filled.is_set():
            self.filled.set()

    def wait_for_room(self) -> None:
        """Let the writer catch up. One that has let us wait in vain is not waited for again until it takes something."""
        self.room.clear()
        if len(self.events) < self.capacity:
            return
        if not self.stalled:
            self.stalled = not self.room.wait(self.patience)
        if len(self.events) == self.capacity:
            self.dropped += 1

    def hand_over(self, event: Event) -> None:
        """Let the taker have it after all that was put before. For any thread."""
        self.aside.append(event)
        self.filled.set()

    def take(self, timeout: float) -> list[Event]:
        """The oldest events, all at once; waits for the first of them, and returns none after `timeout` seconds."""
        if not (self.events or self.aside):
            self.filled.wait(timeout)
        self.filled.clear()
        # First what was handed over, then how many there are: all that was put before it is counted.
        handed = [self.aside.popleft() for _ in range(len(self.aside))]
        waiting = len(self.events)
        events = [self.events.popleft() for _ in range(min(len(self.events), LARGEST_BATCH))]
        if events:
            self.stalled = False
            self.room.set()
        self.queued.extend((waiting, event) for event in handed)
        self.queued = deque((before - len(events), event) for before, event in self.queued)
        while self.queued and self.queued[0][0] <= 0:
            events.append(self.queued.popleft()[1])
        return events
