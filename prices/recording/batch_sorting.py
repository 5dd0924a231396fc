"""Sorts the ticks of a batch: new, already known, contradicting the tape, pruned. No database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ..exchange.messages import AggTrade, micros
from ..intervals import Span

# Microseconds by which two sources may differ on the time of a trade: one may cut it to the
# millisecond.
ROUNDING = 1_000


class StoredMatch(NamedTuple):
    """How a tick of a batch compares with the tick of the tape that has one of its trades.

    first, trades: the first trade id of the tape's tick, and how many trades it has.
    is_other: the two are not the same.
    tells_side: they are the same, and only the new one has `is_buyer_maker`.
    """

    first: int
    trades: int
    is_other: bool
    tells_side: bool


@dataclass
class Sorted:
    """The ticks of a batch, sorted.

    fresh: to be stored.
    sides: known, and to fill in `is_buyer_maker` on the tape.
    contradicting: not what the tape has of their trades. By symbol number, `claimed` are the trade
    ids of these, and `kept` those of the ticks on the tape.
    pruned: from before the point where pruning has stopped.
    """

    fresh: list[AggTrade] = field(default_factory=list)
    sides: list[AggTrade] = field(default_factory=list)
    contradicting: list[AggTrade] = field(default_factory=list)
    pruned: list[AggTrade] = field(default_factory=list)
    claimed: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))

    @property
    def refused(self) -> str | None:
        """One contradicting or pruned tick of each symbol, in words; None when there are none."""
        told: dict[str, str] = {}
        for tick in (*self.contradicting, *self.pruned):
            told.setdefault(tick.symbol, f"{tick.symbol} {tick.first} at {tick.price}")
        return "; ".join(sorted(told.values())) or None


def sort_out(
    ticks: Sequence[AggTrade],
    numbers: Mapping[str, int],
    known: Mapping[int, StoredMatch],
    kept_from: Mapping[int, int],
) -> Sorted:
    """Sort the ticks of a batch.

    known: those of which the tape has a trade, by index in `ticks`.
    kept_from: the first trade id that pruning has kept, by symbol number.

    When several ticks share an id that the tape does not have, the first is new, and the others are
    compared with it.
    """
    found = Sorted()
    once: dict[tuple[int, int], AggTrade] = {}
    for place, tick in enumerate(ticks):
        number = numbers[tick.symbol]
        if tick.first < kept_from[number]:
            # Never stored again: the candles of pruned ticks already count it.
            found.pruned.append(tick)
            continue
        stored = known.get(place)
        if stored is None:
            before = once.get((number, tick.first))
            if before is None:
                once[number, tick.first] = tick
                found.fresh.append(tick)
                continue
            stored = compare(before, tick)
        if stored.is_other:
            found.contradicting.append(tick)
            found.claimed[number].append((tick.first, tick.last))
            found.kept[number].append((stored.first, stored.first + stored.trades - 1))
        elif stored.tells_side:
            found.sides.append(tick)
    return found


def compare(before: AggTrade, tick: AggTrade) -> StoredMatch:
    """Compare a tick with an earlier one of the batch under the same id.

    `write/known.sql` compares with ticks on the tape in the same way.
    """
    sides = {before.is_buyer_maker, tick.is_buyer_maker} - {None}
    is_same = (
        before.last == tick.last
        and Decimal(before.price) == Decimal(tick.price)
        and Decimal(before.quantity) == Decimal(tick.quantity)
        and abs(micros(before.traded) - micros(tick.traded)) < ROUNDING
        and len(sides) < 2
    )
    tells_side = before.is_buyer_maker is None and tick.is_buyer_maker is not None
    trades = before.last - before.first + 1
    return StoredMatch(before.first, trades, not is_same, is_same and tells_side)
