"""Writes the changes that a batch makes to the gap ledger."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg

from ..sql import statement
from .batch import array
from .ledger import Changes, GapRemainder, Hole

OPEN, SHRINK, SPLIT, CLOSE = map(
    statement,
    ("write/open_gaps", "write/shrink_gaps", "write/split_gaps", "write/close_gaps"),
)


def write(
    database: psycopg.Connection[Any], changed: Mapping[int, Changes], source: str
) -> tuple[int, int]:
    """Write changes, given by symbol number. Returns how many gaps were opened, and closed.

    source: what fills the gaps, "stream" or "rest".
    """
    opened = [(number, hole) for number, each in changed.items() for hole in each.opened]
    shrunk = [(number, rest) for number, each in changed.items() for rest in each.shrunk]
    split = [(number, rest) for number, each in changed.items() for rest in each.split]
    closed = [(number, gap) for number, each in changed.items() for gap in each.closed]
    if shrunk:
        filled = array(changed[number].filled[rest.gap] for number, rest in shrunk)
        database.execute(SHRINK, rests(shrunk) | {"ticks": filled, "source": source})
    if split:
        database.execute(SPLIT, rests(split))
    if closed:
        done = {
            "symbol": array(number for number, _ in closed),
            "gap": array(gap.id for _, gap in closed),
            "ticks": array(changed[number].filled[gap.id] for number, gap in closed),
        }
        database.execute(CLOSE, done | {"source": source})
    if opened:
        numbers = array(number for number, _ in opened)
        database.execute(OPEN, {"symbol": numbers} | holes(hole for _, hole in opened))
    return len(opened), len(closed)


def rests(found: Sequence[tuple[int, GapRemainder]]) -> dict[str, Any]:
    """Parts of gaps, each with its symbol number, as the columns of SHRINK and SPLIT."""
    shares = holes(rest.found for _, rest in found)
    return {
        "symbol": array(number for number, _ in found),
        "gap": array(rest.gap for _, rest in found),
        **holes(rest.missing for _, rest in found),
        **{f"found_{name}": column for name, column in shares.items()},
    }


def holes(found: Iterable[Hole]) -> dict[str, list[Any]]:
    """Holes as columns: first, last, starts, ends."""
    first, last, starts, ends = map(list, zip(*found, strict=True))
    return {"first": first, "last": last, "starts": starts, "ends": ends}
