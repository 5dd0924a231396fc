"""Strays: ticks at either end of a tape that are far from all others by trade id.

The exchange may not know them: ticks with wrong ids, stored before ids were checked, or first of
all.
"""

from collections.abc import Sequence

from ..exchange.agg_trades import AggTrades
from ..exchange.event_times import MINUTE, iso
from ..exchange.messages import AggTrade, micros
from ..exchange.rest import Rest
from ..patience import patiently
from ..recording.id_pace import is_far
from ..recording.strays import remove
from ..recording.tape import Tape
from ..recording.tape_ticks import ticks_of
from ..recording.trade_recognition import Known, recognise
from ..sql import statement
from .findings import Findings

EDGES = statement("audit/edges")

# Ticks at either end that are looked at. Fewer than half of them may be strays: a longer stretch is
# another recording.
EDGE = 20

REASONS = {
    None: "its id is far from those of the other ticks",
    Known.NO: "the exchange does not know it",
    Known.UNSURE: "the exchange did not confirm it",
}


def audit_strays(
    tape: Tape, findings: Findings, rest: Rest | None, *, remove_unknown: bool = False
) -> None:
    """Find them. With `rest` the exchange is asked, also about the only tick of a tape, and those
    that it does not know are taken off the tape on request.

    Raises what `Rest.get` raises.
    """
    symbol = findings.symbol
    far, only = patiently(tape.database, "read the tape", lambda: suspects(tape, symbol))
    unknown: list[AggTrade] = []
    for tick in far if rest is None else far + only:
        known = recognise(AggTrades(rest, symbol), [tick]).known if rest else None
        if known is Known.NO and remove_unknown:
            unknown.append(tick)
        elif known is Known.NO or (known is not Known.YES and tick in far):
            findings.strays.add(f"{named(tick)}: {REASONS[known]}", tick.last - tick.first + 1)
    if unknown:
        remove(tape, symbol, unknown)
        findings.strays_removed = len(unknown)


def suspects(tape: Tape, symbol: str) -> tuple[list[AggTrade], list[AggTrade]]:
    """The ticks that are far from the others, and the only tick of a tape."""
    wanted = {"symbol": tape.numbers[symbol], "limit": EDGE}
    rows = tape.database.execute(EDGES, wanted).fetchall()
    oldest = ticks_of(symbol, [row for row in rows if not row[-1]])
    newest = ticks_of(symbol, [row for row in rows if row[-1]])
    if len(oldest) == 1:
        return [], oldest
    far = {tick.first: tick for tick in ahead(newest) + behind(oldest)}
    return [far[first] for first in sorted(far)], []


def ahead(ticks: Sequence[AggTrade]) -> list[AggTrade]:
    """The last of some ticks, if they are further ahead than the pace of the others explains."""
    for n in range(len(ticks) - 1, len(ticks) // 2 - 1, -1):
        before = ticks[:n]
        if before and is_far_from(ticks[n], before[-1], pace(before)):
            return list(ticks[n:])
    return []


def behind(ticks: Sequence[AggTrade]) -> list[AggTrade]:
    """The first of some ticks, if the others are too far ahead of them."""
    for n in range(1, (len(ticks) + 1) // 2 + 1):
        after = ticks[n:]
        if after and is_far_from(after[0], ticks[n - 1], pace(after)):
            return list(ticks[:n])
    return []


def is_far_from(tick: AggTrade, other: AggTrade, pace: float) -> bool:
    elapsed = micros(tick.traded) - micros(other.traded)
    return is_far(tick.first - other.last, pace, elapsed)


def pace(ticks: Sequence[AggTrade]) -> float:
    """Trade ids per microsecond, over a minute at least."""
    span = abs(micros(ticks[-1].traded) - micros(ticks[0].traded))
    return float(ticks[-1].last - ticks[0].first) / max(span, MINUTE)


def named(tick: AggTrade) -> str:
    return f"tick {tick.first} of {iso(micros(tick.traded))}"
