"""What of a batch is new, what is known already, and what contradicts the tape. No database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ..exchange.messages import Tick, micros
from ..intervals import Span

# Microseconds by which two sources may differ on the time of a trade: one of them cuts it to the millisecond.
ROUNDING = 1_000


class Known(NamedTuple):
    """A tick of a batch under whose id the tape holds one of `trades` trades.

    `is_other`: that one is another trade. `tells_side`: it is the same, and who took liquidity was not known until now.
    """

    trades: int
    is_other: bool
    tells_side: bool


@dataclass
class Sorted:
    """A batch, sorted out.

    `fresh` ticks are to be stored; `sides` tell of known ones who took liquidity. `contradicting` ones are other trades than those
    that the tape holds under their ids: by symbol number, `claimed` are the trades of the former, and `kept` those of the latter.
    `pruned` ones lie where the tape is no longer kept.
    """

    fresh: list[Tick] = field(default_factory=list)
    sides: list[Tick] = field(default_factory=list)
    contradicting: list[Tick] = field(default_factory=list)
    pruned: list[Tick] = field(default_factory=list)
    claimed: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))

    @property
    def refused(self) -> str | None:
        """Of each symbol one tick that was not stored though it is no known one, in words; None when there is none."""
        told: dict[str, str] = {}
        for tick in (*self.contradicting, *self.pruned):
            told.setdefault(tick.symbol, f"{tick.symbol} {tick.first} at {tick.price}")
        return "; ".join(sorted(told.values())) or None


def sort_out(
    ticks: Sequence[Tick],
    numbers: Mapping[str, int],
    known: Mapping[int, Known],
    kept_from: Mapping[int, int],
) -> Sorted:
    """`known` ticks are given by their place in the batch, `kept_from` by symbol number is where its tape begins to be kept.

    Of several ticks of a batch under one id that the tape does not hold, the first is new; the others must be the same.
    """
    found = Sorted()
    once: dict[tuple[int, int], Tick] = {}
    for place, tick in enumerate(ticks):
        number = numbers[tick.symbol]
        if tick.first < kept_from[number]:
            # Nothing comes back where the tape was pruned: it would count once more in candles that outlived their ticks.
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
            found.kept[number].append((tick.first, tick.first + stored.trades - 1))
        elif stored.tells_side:
            found.sides.append(tick)
    return found


def compare(before: Tick, tick: Tick) -> Known:
    """A tick against one that came before it under the same id: as `write/known.sql` does with those on the tape."""
    sides = {before.is_buyer_maker, tick.is_buyer_maker} - {None}
    is_same = (
        before.last == tick.last
        and Decimal(before.price) == Decimal(tick.price)
        and Decimal(before.quantity) == Decimal(tick.quantity)
        and abs(micros(before.traded) - micros(tick.traded)) < ROUNDING
        and len(sides) < 2
    )
    tells_side = before.is_buyer_maker is None and tick.is_buyer_maker is not None
    return Known(before.last - before.first + 1, not is_same, is_same and tells_side)
