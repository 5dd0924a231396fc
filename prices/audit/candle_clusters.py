"""Candles whose ticks were pruned, grouped by the trade ids that they count. No database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from ..minutes import MINUTE, minute_start
from ..recording.tape import Hole
from .scan_rows import KeptFrom


class PrunedCandle(NamedTuple):
    """The candle of a minute of which ticks were pruned.

    first, last: the trade ids that it counts from and to.
    is_sound: whether its values are possible for any trades.
    left: how many of its trades are in ticks that are still kept.
    """

    minute: datetime
    first: int
    last: int
    trades: int
    is_sound: bool
    left: int


@dataclass
class CandleCluster:
    """Neighbouring candles whose trade ids overlap, as they do where trade times step back.

    first, after: its trade ids, from `first` up to, not including, `after`.
    starts, ends: its minutes, half-open.
    """

    first: int
    after: int
    starts: datetime
    ends: datetime
    candles: list[PrunedCandle] = field(default_factory=list)

    @classmethod
    def at(cls, kept: KeptFrom) -> "CandleCluster":
        """An empty cluster at the first tick that is kept, which the last pruned one must join."""
        start = minute_start(kept.at)
        return cls(kept.first, kept.first, start, start + MINUTE)

    def add(self, candle: PrunedCandle) -> None:
        self.first = min(self.first, candle.first)
        self.after = max(self.after, candle.last + 1)
        self.ends = candle.minute + MINUTE
        self.candles.append(candle)

    @property
    def trades(self) -> int:
        """How many trades its candles count that are in no tick any more."""
        return sum(candle.trades - candle.left for candle in self.candles)


def clusters(candles: Iterable[PrunedCandle]) -> list[CandleCluster]:
    """Group candles, given in order of their minutes."""
    found: list[CandleCluster] = []
    for candle in candles:
        if not found or candle.first >= found[-1].after:
            begins = (candle.first, candle.last + 1, candle.minute, candle.minute + MINUTE)
            found.append(CandleCluster(*begins))
        found[-1].add(candle)
    return found


def between(found: Iterable[CandleCluster]) -> Iterator[Hole]:
    """The trade ids missing between clusters.

    The instants around a hole are known to the minute only: the ticks on either side are gone.
    """
    for cluster, after in pairwise(found):
        if cluster.after < after.first:
            instants = (cluster.ends - MINUTE, after.starts + MINUTE)
            yield Hole(cluster.after, after.first - 1, min(instants), max(instants))
