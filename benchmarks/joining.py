"""A grown tape's coming to the present, where the recorder takes over: through the writer that
records.
"""

import time
from collections.abc import Iterator
from heapq import merge
from operator import attrgetter

from prices.exchange.messages import AggTrade
from prices.minutes import EPOCH
from prices.recording.tape import Tape
from replay.clock import LAG
from replay.ledger import Market

from .grown import MICROSECOND, Past

BATCH = 5_000

# Seconds that the exchange may be ahead when the recorder is left to catch up.
NEAR = 3


def catch_up(tape: Tape, past: Past) -> None:
    """Store what the exchange has traded since the past ended, until the recorder can take over."""
    while True:
        began = time.time()
        batch: list[AggTrade] = []
        for tick in since(tape, past, int(began * 1_000_000)):
            batch.append(tick)
            if len(batch) == BATCH:
                tape.store(batch)
                batch.clear()
        if batch:
            tape.store(batch)
        if time.time() - began < NEAR:
            return


def since(tape: Tape, past: Past, until: int) -> Iterator[AggTrade]:
    """What all symbols traded up to an instant, in microseconds, that is not yet on the tape; in
    order of time.
    """
    traded = (news(tape, past, market, until) for market in past.markets.values())
    return merge(*traded, key=attrgetter("traded"))


def news(tape: Tape, past: Past, market: Market, until: int) -> Iterator[AggTrade]:
    newest = tape.newest(market.symbol)
    start = past.round * len(market.recording)
    if newest is not None and newest.traded > past.ends:
        # Those of that very instant may have been left behind.
        start = market.count_before((newest.traded - EPOCH) // MICROSECOND)
    for tick in market.ticks(start, market.count_until(until)):
        cells = (tick.first_id, tick.last_id, tick.price, tick.quantity)
        yield AggTrade(market.symbol, *cells, tick.time, tick.time + LAG)
