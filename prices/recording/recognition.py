"""Whether an exchange knows trades that came from elsewhere: those of a tape, or those of a stream."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from ..exchange.agg_trades import AggTrades
from ..exchange.event_times import MINUTE, iso
from ..exchange.locate import page_before
from ..exchange.messages import Tick, micros

MILLISECOND = 1000  # microseconds

# Trade ids within which a trade that is not there itself is taken for withdrawn, or for not there
# yet, on an exchange that has others of the same time.
NEAR = 1_000

# Microseconds by which REST may be behind the streams. It was seen to be seconds.
BEHIND = 10 * MINUTE


class Known(Enum):
    YES = "the exchange has it"
    NO = "the exchange has another trade under its id, or far other ids at its time"
    UNSURE = "REST does not have these trades yet"


class Recognition(NamedTuple):
    """`instead`: what the exchange has in place of a trade that it does not know."""

    known: Known
    instead: Tick | None = None


def recognise(agg_trades: AggTrades, ticks: Sequence[Tick]) -> Recognition:
    """Whether an exchange knows at least one of some ticks that follow each other, the newest last.

    One is enough: the exchange may have withdrawn others. Raises what `Rest.get` raises.
    """
    newest = ticks[-1]
    page = page_before(agg_trades, newest.first, micros(newest.traded))
    if not page.rows:
        return behind(newest, agg_trades.newest().ticks)
    pairs = [(row, tick) for tick in ticks for row in page.ticks if overlap(row, tick)]
    if any(is_same(row, tick) for row, tick in pairs):
        return Recognition(Known.YES)
    if pairs:
        return Recognition(Known.NO, pairs[-1][0])
    if not page.ticks:
        return Recognition(Known.UNSURE)
    nearest = min(page.ticks, key=lambda row: distance(row, newest))
    if distance(nearest, newest) > NEAR:
        return Recognition(Known.NO, nearest)
    return Recognition(Known.YES if page.full else Known.UNSURE)


def behind(tick: Tick, newest: Sequence[Tick]) -> Recognition:
    """The same when the exchange has nothing from the time of a tick on, given its own newest."""
    if not newest:
        return Recognition(Known.UNSURE)
    last = newest[-1]
    is_late = micros(tick.traded) - micros(last.traded) > BEHIND
    if distance(last, tick) > NEAR and (is_late or last.first > tick.last):
        return Recognition(Known.NO, last)
    return Recognition(Known.UNSURE)


def is_near_newest(agg_trades: AggTrades, tick: Tick) -> bool:
    """Whether the exchange's newest trades bear ids like that of a tick. Raises as above."""
    return any(distance(row, tick) <= NEAR for row in agg_trades.newest().ticks)


def overlap(row: Tick, tick: Tick) -> bool:
    return row.first <= tick.last and tick.first <= row.last


def is_same(row: Tick, tick: Tick) -> bool:
    """They tell of the same trades, though one may hold more of them: REST may cut them otherwise."""
    same_ids = (row.first, row.last) == (tick.first, tick.last)
    return (
        Decimal(row.price) == Decimal(tick.price)
        and micros(row.traded) // MILLISECOND == micros(tick.traded) // MILLISECOND
        and (not same_ids or Decimal(row.quantity) == Decimal(tick.quantity))
    )


def distance(row: Tick, tick: Tick) -> int:
    """Trade ids between two ticks; 0 when they overlap."""
    return max(row.first - tick.last, tick.first - row.last, 0)


def told(tick: Tick) -> str:
    ids = str(tick.first) if tick.first == tick.last else f"{tick.first} to {tick.last}"
    return f"{ids} ({tick.quantity} for {tick.price} at {iso(micros(tick.traded))})"
