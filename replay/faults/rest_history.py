"""The past as REST returns it under faults: which rows there are, and what they say.

The ledger does not change. Each row that is returned has a place, counted from 0: trades have the
places of their numbers, but each tombstone moves the later ones on by one. The row at a place
depends on nothing else, so that pages by id, by time and the newest ones agree with each other.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import chain, islice

from ..ledger import MINUTE, Market, Tick
from ..selection import Bounds
from .rest_lies import Lies

BACK = 5_000  # µs by which a time steps back


class History:
    def __init__(self, market: Market, lies: Lies, now: int) -> None:
        self._market = market
        self._lies = lies
        self._happened = min(market.count_until(now - lies.lag), market.size)
        self._end = self._place(self._happened)

    def page(self, bounds: Bounds) -> list[Tick]:
        """The rows that these bounds select, by what the rows say of themselves.

        Tombstones count.
        """
        if bounds.from_id is not None:
            start = bisect_left(range(self._end), bounds.from_id, key=self._agg_id)
            return list(islice(self._told(self._stretches(start, self._end)), bounds.limit))
        start, stop = 0, self._end
        if bounds.start_time is not None:
            start = self._place(self._market.count_before(bounds.start_time))
        if bounds.end_time is not None:
            # A later one may claim to be as early.
            stop = min(stop, self._place(self._market.count_until(bounds.end_time + BACK)))
        stretches = self._stretches(start, stop)
        if bounds.start_time is None:
            stretches = [stretch[::-1] for stretch in stretches[::-1]]
        rows = list(islice(filter(bounds.hold, self._told(stretches)), bounds.limit))
        return rows if bounds.start_time is not None else rows[::-1]

    def _told(self, stretches: list[range]) -> Iterator[Tick]:
        return map(self._row, chain.from_iterable(stretches))

    def _stretches(self, start: int, stop: int) -> list[range]:
        """The places from `start` to before `stop`, without the omitted ones."""
        first = self._place(self._count(lambda tick: tick.first_id < self._lies.first_id))
        start = max(start, first)
        if self._lies.omitted is None:
            return [range(start, stop)]
        first_id, last_id = self._lies.omitted
        gone = self._place(self._count(lambda tick: tick.last_id < first_id))
        back = self._place(self._count(lambda tick: tick.first_id <= last_id))
        return [range(start, min(stop, gone)), range(max(start, back), stop)]

    def _count(self, is_before: Callable[[Tick], bool]) -> int:
        """How many trades there are before the first one for which this is false."""
        return bisect_left(range(self._happened), True, key=lambda n: not is_before(self._tick(n)))

    def _place(self, number: int) -> int:
        """The place of a trade: the tombstone of the previous one comes before it."""
        every = self._lies.tombstone_every
        return number + (number // every if every else 0)

    def _row(self, place: int) -> Tick:
        every = self._lies.tombstone_every
        if not every:
            return self._told_tick(place)
        block, within = divmod(place, every + 1)
        if within < every:
            return self._told_tick(block * every + within)
        tick = self._told_tick(block * every + every - 1)
        return Tick(tick.agg_id + 1, "0", "0", -1, -1, tick.time, tick.buyer_maker, tick.best_match)

    def _agg_id(self, place: int) -> int:
        return self._row(place).agg_id

    def _told_tick(self, number: int) -> Tick:
        """A trade, with the id and the time that it is given here."""
        tick, nth = self._tick(number), number + 1
        agg_id, time = tick.agg_id, tick.time
        if self._lies.tombstone_every:
            agg_id += number // self._lies.tombstone_every
        if self._lies.twice_every:
            agg_id -= nth // self._lies.twice_every
        if self._lies.back_every and nth % self._lies.back_every == 0:
            # The minute stays the same, so that its candle agrees with its trades.
            time = max(time - BACK, time // MINUTE * MINUTE)
        return tick._replace(agg_id=agg_id, time=time)

    def _tick(self, number: int) -> Tick:
        return next(self._market.ticks(number, number + 1))
