"""Which trades, and which candles, the bounds of a REST request select.

All bounds are inclusive.
"""

from dataclasses import dataclass

from .ledger import Market, Tick
from .params import ParameterError, Params


@dataclass(frozen=True)
class Bounds:
    """Bounds of trades: from an id on, or within times in µs."""

    limit: int
    from_id: int | None
    start_time: int | None
    end_time: int | None

    def hold(self, tick: Tick) -> bool:
        """Whether its time is within."""
        return (self.start_time is None or self.start_time <= tick.time) and (
            self.end_time is None or tick.time <= self.end_time
        )


def bounds(params: Params, now: int) -> Bounds:
    limit = params.limit()
    from_id = params.number("fromId")
    start_time, end_time = params.time("startTime", now), params.last_time("endTime", now)
    if from_id is not None and not (start_time is None and end_time is None):
        raise ParameterError(-1128, "Combination of optional parameters invalid.")
    return Bounds(limit, from_id, start_time, end_time)


def chosen_ticks(market: Market, bounds: Bounds, now: int) -> tuple[int, int]:
    """The numbers of the first trade and of the one after the last."""
    happened = market.count_until(now)
    if bounds.from_id is not None:
        start = market.count_below(bounds.from_id)
        return start, min(start + bounds.limit, happened)
    stop = happened
    if bounds.end_time is not None:
        stop = min(market.count_until(bounds.end_time), happened)
    if bounds.start_time is None:
        return max(0, stop - bounds.limit), stop
    start = market.count_before(bounds.start_time)
    return start, min(start + bounds.limit, stop)


def chosen_openings(market: Market, params: Params, now: int, length: int) -> tuple[int, int]:
    """When the first and the last candle open, between the first trade's and the open one."""
    limit = params.limit()
    start_time, end_time = params.time("startTime", now), params.last_time("endTime", now)
    first = market.time_of(0) // length * length
    last = min(now, now if end_time is None else end_time) // length * length
    if start_time is None:
        return max(first, last - (limit - 1) * length), last
    first = max(first, -(-start_time // length) * length)
    return first, min(last, first + (limit - 1) * length)
