"""Counts of what a recorder has done since its start."""

from dataclasses import dataclass

from .tape import Stored


@dataclass
class Counters:
    """Two threads count, each in its own fields: `+=` of two threads on one field can lose counts.

    ticks, repeated: ticks of the stream that were new on the tape, and that were there already.
    batches: transactions with ticks of the stream.
    dropped: events that were dropped because the buffer was full.
    sent: when the exchange sent the newest tick, in microseconds since 1970; 0 before the first.
    fetched: ticks from REST.
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
        """The counts that are stored in the database, by their names in `counter_names`."""
        return {
            "ticks_stored": self.ticks + self.fetched,
            "batches_stored": self.batches,
            "frames_dropped": self.dropped,
            "gaps_opened": self.gaps_opened,
            "gaps_closed": self.gaps_closed,
        }

    def fill(self, stored: Stored) -> None:
        """Count what repair stored."""
        self.fetched += stored.ticks
        self.gaps_closed_by_rest += stored.gaps_closed

    def add(self, stored: Stored, given: int, sent: int) -> None:
        """Count a batch of `given` ticks of the stream."""
        self.ticks += stored.ticks
        self.batches += 1
        self.repeated += given - stored.ticks
        self.gaps_opened += stored.gaps_opened
        self.gaps_closed_by_stream += stored.gaps_closed
        self.sent = sent
