"""Whether an exchange has the same trades as a tape, or as a stream."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from ..exchange.agg_trades import AggTrades
from ..exchange.event_times import MINUTE, iso
from ..exchange.locate import page_before
from ..exchange.messages import AggTrade, micros

MILLISECOND = 1000  # microseconds

# Trade ids. A trade that the exchange does not have, while it has others of the same time within
# this distance, was withdrawn or has not arrived yet.
NEAR = 1_000

# Microseconds by which REST may lag behind the streams. Seconds were seen.
BEHIND = 10 * MINUTE


class Known(Enum):
    YES = "the exchange has it"
    NO = "the exchange has another trade under its id, or far other ids at its time"
    UNSURE = "REST does not have these trades yet"


class Recognition(NamedTuple):
    """`instead`: the trade that the exchange has in place of one that it does not know."""

    known: Known
    instead: AggTrade | None = None


def recognise(agg_trades: AggTrades, ticks: Sequence[AggTrade]) -> Recognition:
    """Whether an exchange has at least one of some consecutive ticks, the newest last.

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


def behind(tick: AggTrade, newest: Sequence[AggTrade]) -> Recognition:
    """The same, when the exchange has no trade since the time of a tick. `newest`: its newest."""
    if not newest:
        return Recognition(Known.UNSURE)
    last = newest[-1]
    is_late = micros(tick.traded) - micros(last.traded) > BEHIND
    if distance(last, tick) > NEAR and (is_late or last.first > tick.last):
        return Recognition(Known.NO, last)
    return Recognition(Known.UNSURE)


def is_near_newest(agg_trades: AggTrades, tick: AggTrade) -> bool:
    """Whether the ids of the exchange's newest trades are near that of a tick. Raises as above."""
    return any(distance(row, tick) <= NEAR for row in agg_trades.newest().ticks)


def overlap(row: AggTrade, tick: AggTrade) -> bool:
    return row.first <= tick.last and tick.first <= row.last


def is_same(row: AggTrade, tick: AggTrade) -> bool:
    """Whether two overlapping ticks are of the same trades. REST may aggregate them differently."""
    same_ids = (row.first, row.last) == (tick.first, tick.last)
    return (
        Decimal(row.price) == Decimal(tick.price)
        and micros(row.traded) // MILLISECOND == micros(tick.traded) // MILLISECOND
        and (not same_ids or Decimal(row.quantity) == Decimal(tick.quantity))
    )


def distance(row: AggTrade, tick: AggTrade) -> int:
    """Trade ids between two ticks; 0 when they overlap."""
    return max(row.first - tick.last, tick.first - row.last, 0)


def told(tick: AggTrade) -> str:
    """A tick in words, for the log."""
    ids = str(tick.first) if tick.first == tick.last else f"{tick.first} to {tick.last}"
    return f"{ids} ({tick.quantity} for {tick.price} at {iso(micros(tick.traded))})"
