"""Candles that outlived their ticks, and which trades they claim to count. No database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from ..minutes import MINUTE, minute_start
from ..recording.tape import Hole
from .scan_rows import KeptFrom


class PrunedCandle(NamedTuple):
    """The candle of a minute of which ticks were pruned. `left`: how many of its trades are in ticks that are kept."""

    minute: datetime
    first: int
    last: int
    trades: int
    is_sound: bool
    left: int


@dataclass
class Cluster:
    """Neighbouring candles whose trade ids overlap, as they do where time steps back: of ids `first` up to, not including, `after`.

    It begins and ends with minutes: `starts` and `ends`.
    """

    first: int
    after: int
    starts: datetime
    ends: datetime
    candles: list[PrunedCandle] = field(default_factory=list)

    @classmethod
    def at(cls, kept: KeptFrom) -> "Cluster":
        """What stands for the ticks that are kept."""
        start = minute_start(kept.at)
        return cls(kept.first, kept.first, start, start + MINUTE)

    def take(self, candle: PrunedCandle) -> None:
        self.first = min(self.first, candle.first)
        self.after = max(self.after, candle.last + 1)
        self.ends = candle.minute + MINUTE
        self.candles.append(candle)

    @property
    def trades(self) -> int:
        """Those that are in no tick any more."""
        return sum(candle.trades - candle.left for candle in self.candles)


def clusters(candles: Iterable[PrunedCandle]) -> list[Cluster]:
    found: list[Cluster] = []
    for candle in candles:
        if not found or candle.first >= found[-1].after:
            begins = (candle.first, candle.last + 1, candle.minute, candle.minute + MINUTE)
            found.append(Cluster(*begins))
        found[-1].take(candle)
    return found


def between(found: Iterable[Cluster]) -> Iterator[Hole]:
    """The ids that none of some clusters has. It is known in which minutes the trades on either side were made, and not when."""
    for cluster, after in pairwise(found):
        if cluster.after < after.first:
            instants = (cluster.ends - MINUTE, after.starts + MINUTE)
            yield Hole(cluster.after, after.first - 1, min(instants), max(instants))
