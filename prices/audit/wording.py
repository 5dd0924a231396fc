"""Single findings in words, one line each."""

from collections.abc import Iterator
from decimal import Decimal

from ..folded_candle import FoldedCandle
from ..formats.counts import counted
from ..formats.decimals import decimal_text
from ..formats.instants import iso
from ..recording.tape import Hole
from .candle_clusters import CandleCluster, PrunedCandle
from .scan_rows import Difference, LedgerRow, Suspect

# The names of a candle's fields.
NAMES = {name: name.replace("_", " ") for name in FoldedCandle._fields}


def missing(hole: Hole) -> str:
    return (
        f"{trades(hole.first, hole.last)} missing, between {iso(hole.starts)} and {iso(hole.ends)}"
    )


def claim(row: LedgerRow) -> str:
    says = "missing" if row.status == "open" else "void"
    claimed = trades(row.first, row.last)
    return f"{claimed} {says} by gap {row.id} of the ledger, but at least partly on the tape"


def handover(tick: Suspect, reach: int) -> str:
    shared = trades(tick.first, min(tick.after, reach) - 1)
    return (
        f"{shared} in two ticks: in tick {tick.first} of {iso(tick.traded)}, and in one before it"
    )


def trades(first: int, last: int) -> str:
    return f"trade {first}" if first == last else f"trades {first} to {last}"


def impossible(tick: Suspect) -> Iterator[str]:
    """Each impossible value of a tick, in words."""
    name = f"tick {tick.first} of {iso(tick.traded)}"
    if not is_positive(tick.price):
        yield f"{name}: its price is {decimal_text(tick.price)}"
    if not is_positive(tick.quantity):
        yield f"{name}: its quantity is {decimal_text(tick.quantity)}"
    if tick.trades < 1:
        yield f"{name}: it holds {tick.trades} trades"


def is_positive(number: Decimal) -> bool:
    return not number.is_nan() and number > 0


def candle(difference: Difference) -> str:
    return f"minute {iso(difference.minute)}: {unlike(difference)}"


def coarse(difference: Difference, width: int) -> str:
    made, kept = difference.made, difference.kept
    if made is None:
        found = "there is a candle, but no closed interval with minutes"
    elif kept is None:
        found = "there are minutes but no candle"
    else:
        found = apart(made, kept, "its candle has", "its minutes make")
    return f"{width} minutes from {iso(difference.minute)}: {found}"


def past(candle: PrunedCandle) -> str:
    return f"minute {iso(candle.minute)}: its candle is impossible for any trades"


def cluster(found: CandleCluster, ids: int) -> str:
    minutes = (
        iso(found.starts)
        if len(found.candles) == 1
        else f"{iso(found.starts)} to {iso(found.ends)}"
    )
    held = counted(found.trades, "trade")
    return f"minute {minutes}: {held} of pruned ticks in {counted(ids, 'trade id')}"


def unlike(difference: Difference) -> str:
    made, kept = difference.made, difference.kept
    if made is None:
        return "there is a candle but no tick"
    if kept is None:
        return "there are ticks but no candle"
    return apart(made, kept, "its candle has", "its ticks make")


def apart(made: FoldedCandle, kept: FoldedCandle, has: str, make: str) -> str:
    """The fields in which two candles differ, with both values."""
    return "; ".join(
        f"{name}: {has} {written(getattr(kept, field))}, {make} {written(getattr(made, field))}"
        for field, name in NAMES.items()
        if getattr(kept, field) != getattr(made, field)
    )


def written(value: int | Decimal | None) -> str:
    if value is None:
        return "nothing"
    return decimal_text(value) if isinstance(value, Decimal) else str(value)
