"""Ticks with impossible times: finds them, and deletes them on request.

Older versions stored ticks without checking their times.
"""

from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from ..exchange.event_times import out_of_line
from ..formats.instants import iso
from ..patience import patiently
from ..recording.store import lock
from ..recording.tape import Hole, Tape
from ..recording.trade_times import NEIGHBOURS, since_1970
from ..sql import statement
from .findings import Findings

# Maximum number of suspicious rows that one run examines: more would be another kind of damage.
SUSPECTS = 10_000

# Neighbours on either side of a suspicious tick that its time is compared with.
COMPARED = 50

SUSPICIOUS, AROUND, AHEAD, REMOVE, LOWER = map(
    statement,
    (
        "audit/misdated",
        "audit/around",
        "audit/watermark_ahead",
        "write/remove_ticks",
        "write/lower_watermark",
    ),
)


class Misdated(NamedTuple):
    """A tick with an impossible time. `first`: its first trade id; `trades`: how many it has."""

    first: int
    traded: datetime
    trades: int


def audit_times(tape: Tape, findings: Findings, *, remove: bool) -> None:
    """Find the misdated ticks of one symbol and report them, or delete them if `remove` is set.

    The trade ids of a deleted tick become a gap, which repair fills.
    """
    number = tape.numbers[findings.symbol]
    found, ahead = patiently(tape.database, "read the tape", lambda: look(tape, number))
    if remove:
        removing = partial(remove_ticks, tape, findings.symbol, found)
        patiently(tape.database, "remove misdated ticks", removing)
        findings.removed = len(found)
        return
    for tick in found:
        name = f"tick {tick.first} of {iso(tick.traded)}"
        findings.misdated.add(f"{name}: its time does not fit those of its neighbours", tick.trades)
    for (through,) in ahead:
        findings.misdated.add(f"claimed complete through {iso(through)}, which is in the future")


def look(tape: Tape, number: int) -> tuple[list[Misdated], list[tuple[Any, ...]]]:
    """The misdated ticks, and the watermark if it lies in the future."""
    ahead = tape.database.execute(AHEAD, {"symbol": number}).fetchall()
    return misdated(tape, number), ahead


def misdated(tape: Tape, number: int) -> list[Misdated]:
    """The ticks of symbol `number` whose times do not fit, in order of trade id."""
    wanted = {"symbol": number, "limit": SUSPECTS}
    found: dict[int, Misdated] = {}
    for (first,) in tape.database.execute(SUSPICIOUS, wanted).fetchall():
        place = {"symbol": number, "first": first, "limit": COMPARED}
        rows = tape.database.execute(AROUND, place).fetchall()
        possible = [row for row in rows if row[1] <= row[3]]
        lost = {possible[n][0] for n in out_of_line([since_1970(row[1]) for row in possible])}
        lost |= {row[0] for row in rows} - {row[0] for row in possible}
        found |= {row[0]: Misdated(*row[:3]) for row in rows if row[0] in lost}
    return [found[first] for first in sorted(found)]


def remove_ticks(tape: Tape, symbol: str, ticks: list[Misdated]) -> None:
    """Delete ticks, add their ids to the gap ledger, and refold their candles: one transaction."""
    number = tape.numbers[symbol]
    with tape.database.transaction():
        lock(tape.database, {number})
        tape.database.execute(REMOVE, {"symbol": number, "firsts": [tick.first for tick in ticks]})
        holes = [hole for tick in ticks if (hole := hole_of(tape, number, tick))]
        tape.note(symbol, holes)
        tape.refold(
            symbol, sorted({tick.traded.replace(second=0, microsecond=0) for tick in ticks})
        )
        tape.database.execute(LOWER, {"symbol": number})


def hole_of(tape: Tape, number: int, tick: Misdated) -> Hole | None:
    """The trades of a deleted tick, between the instants of its neighbours.

    None when it has no neighbours.
    """
    span = {"symbol": number, "first": tick.first, "last": tick.first}
    ((before, after),) = tape.database.execute(NEIGHBOURS, span).fetchall()
    if before is None and after is None:
        return None
    if after is None:
        ((after,),) = tape.database.execute("SELECT now()").fetchall()
    starts, ends = sorted((before or after, after))
    return Hole(tick.first, tick.first + tick.trades - 1, starts, ends)
