"""Which ticks, and which candles, the bounds of a REST request choose. All bounds are inclusive."""

from .ledger import Market
from .params import ParameterError, Params


def chosen_ticks(market: Market, params: Params, now: int) -> tuple[int, int]:
    """The numbers of the first tick and of the one after the last."""
    limit = params.limit()
    from_id = params.number("fromId")
    start_time, end_time = params.time("startTime", now), params.last_time("endTime", now)
    happened = market.count_until(now)
    if from_id is not None:
        if start_time is not None or end_time is not None:
            raise ParameterError(-1128, "Combination of optional parameters invalid.")
        start = market.count_below(from_id)
        return start, min(start + limit, happened)
    stop = happened if end_time is None else min(market.count_until(end_time), happened)
    if start_time is None:
        return max(0, stop - limit), stop
    start = market.count_before(start_time)
    return start, min(start + limit, stop)


def chosen_openings(market: Market, params: Params, now: int, length: int) -> tuple[int, int]:
    """When the first and the last candle open, between the first tick's and the one under way."""
    limit = params.limit()
    start_time, end_time = params.time("startTime", now), params.last_time("endTime", now)
    first = market.time_of(0) // length * length
    last = min(now, now if end_time is None else end_time) // length * length
    if start_time is None:
        return max(first, last - (limit - 1) * length), last
    first = max(first, -(-start_time // length) * length)
    return first, min(last, first + (limit - 1) * length)
