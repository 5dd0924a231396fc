"""What a recorder has done since its start, in numbers."""

from dataclasses import dataclass

from .tape import Stored


@dataclass
class Counters:
    """`ticks` were new on the tape, `repeated` were there already; `dropped` events found the
    buffer full.

    `fetched` ticks, and the gaps closed with them, came from REST. Two threads count, each in its
    own fields: adding is reading and writing, and what another thread added in between would be
    lost.

    `batches` counts transactions with ticks of the stream.

    `sent` is when the exchange sent the newest tick, in microseconds; 0 before the first.
    """

    # Written by the writer thread only.
    ticks: int = 0
    batches: int = 0
    repeated: int = 0
    gaps_opened: int = 0
    gaps_closed_by_stream: int = 0
    dropped: int = 0
    sent: int = 0
    # Written by the repair thread only.
    fetched: int = 0
    gaps_closed_by_rest: int = 0

    @property
    def gaps_closed(self) -> int:
        return self.gaps_closed_by_stream + self.gaps_closed_by_rest

    def by_name(self) -> dict[str, int]:
        """What is stored of it: as in `counter_names`."""
        return {
            "ticks_stored": self.ticks + self.fetched,
            "batches_stored": self.batches,
            "frames_dropped": self.dropped,
            "gaps_opened": self.gaps_opened,
            "gaps_closed": self.gaps_closed,
        }

    def fill(self, stored: Stored) -> None:
        """Missing ticks were fetched."""
        self.fetched += stored.ticks
        self.gaps_closed_by_rest += stored.gaps_closed

    def add(self, stored: Stored, given: int, sent: int) -> None:
        self.ticks += stored.ticks
        self.batches += 1
        self.repeated += given - stored.ticks
        self.gaps_opened += stored.gaps_opened
        self.gaps_closed_by_stream += stored.gaps_closed
        self.sent = sent
