"""Places for event streams: how many there are in all, and for one client."""

import threading
from collections import Counter
from dataclasses import dataclass

from pricetracker.serving.connections import most, stands_for_many

# Event streams of one process. Each holds a connection to the site, and memory for it.
STREAMS = 1_000

# Of one client, which is not a proxy: a page has one, and people keep many pages open.
STREAMS_PER_CLIENT = 100

# The part of all connections that streams may hold, so that requests find one.
SHARE = 0.75


@dataclass
class Place:
    """One client's place for a stream, until it is given back."""

    client: str
    places: "Places"
    is_taken: bool = True

    def give_back(self) -> None:
        self.places.free(self)


class Places:
    """Counts the streams. Used from several threads."""

    def __init__(self, streams: int = STREAMS, per_client: int = STREAMS_PER_CLIENT) -> None:
        self._streams, self._per_client = streams, per_client
        self._by_client: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, client: str) -> Place | None:
        """A place for a client, by its address; None when there is none."""
        with self._lock:
            if self._by_client.total() >= min(self._streams, int(most() * SHARE)):
                return None
            if self._by_client[client] >= self._per_client and not stands_for_many(client):
                return None
            self._by_client[client] += 1
        return Place(client, self)

    def free(self, place: Place) -> None:
        with self._lock:
            if place.is_taken:
                place.is_taken = False
                self._by_client[place.client] -= 1
                if not self._by_client[place.client]:
                    del self._by_client[place.client]


# Of this process.
PLACES = Places()
