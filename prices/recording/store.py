"""Stores batches. Every tick gets onto the tape here.

A batch is one transaction under the writer locks of its symbols. It reads what is already known,
copies what is new, folds its minutes and the coarse candles that they close or change, and writes
the changes of the gap ledger. For a batch that continues the tape, nothing is known, no gap changes
and hardly ever a coarse candle is closed.

No two ticks of a tape share a trade. So a stretch of ticks without a missing trade has no other
tick between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from ..exchange.event_times import iso
from ..exchange.messages import AggTrade
from ..intervals import joined
from ..minutes import minute_number
from ..sql import statement
from . import gap_writes
from .batch import Stretch, array, columns, fitting, lines, minutes_of, stretches
from .batch_sorting import Sorted, sort_out
from .coarse_candles import keep, keep_after
from .existing_ticks import Before, are_apart, known, tapes
from .ledger import Arrival, Changes, changes

LOCK, COPY, SIDES, FOLD, REFOLD, TELL = map(
    statement,
    ("write/lock", "write/copy", "write/sides", "write/fold", "write/refold", "write/tell"),
)

Database = psycopg.Connection[Any]
Numbers = Mapping[str, int]


class Stored(NamedTuple):
    """What a batch did to the tape.

    ticks: how many were new.
    gaps_opened, gaps_closed: how many gaps it revealed, and filled.
    contradiction: one tick of each symbol that was refused, in words; None when none was. Another
    tick has its trades, or the tape is pruned there.
    contradicting, pruned: all of these.
    """

    ticks: int
    gaps_opened: int
    gaps_closed: int
    contradiction: str | None = None
    contradicting: Sequence[AggTrade] = ()
    pruned: Sequence[AggTrade] = ()

    @property
    def contradicted(self) -> list[str]:
        """The symbols of refused ticks. (Their names contain no blanks.)"""
        told = self.contradiction.split("; ") if self.contradiction else []
        return [each.split()[0] for each in told]


def store(database: Database, numbers: Numbers, ticks: Sequence[AggTrade], source: str) -> Stored:
    """Store ticks of any registered symbols, in any order.

    Safe to repeat when the outcome is not known. Raises one of AWAY when the database is
    unavailable.
    """
    batch = stretches(ticks, numbers)
    with database.transaction():
        # No pipeline: after one, PostgreSQL does not apply the idle timeout.
        lock(database, {stretch.symbol for stretch in batch})
        before = tapes(database, batch)
        if is_beyond(batch, before) or are_apart(database, batch, before):
            put(database, ticks, numbers, batch, before)
            stored = settle(database, before, batch, Sorted(list(ticks)), numbers, source)
        else:
            found = sort_out(
                ticks,
                numbers,
                known(database, ticks, numbers, before),
                {number: each.kept_from for number, each in before.items()},
            )
            add(database, found, numbers, before)
            stored = settle(database, before, batch, found, numbers, source)
        tell(database, {stretch.symbol for stretch in batch})
    return stored


def fill(database: Database, numbers: Numbers, ticks: Sequence[AggTrade], source: str) -> Stored:
    """Store those ticks of one symbol, in order of trade id, that lie within its open gaps.

    Another source may have aggregated these trades differently: a tick that does not fit wholly
    into a gap is not stored, so that no trade is stored twice. If it is one that the tape has, it
    may still fill in `is_buyer_maker`. The minutes are folded again from their ticks, because a
    candle may still count ticks that were missing.
    """
    number = numbers[ticks[0].symbol]
    with database.transaction():
        lock(database, {number})
        before = tapes(database, stretches(ticks, numbers))
        kept_from = before[number].kept_from
        # Adjoining gaps are one hole: a tick may span both. Pruned ranges are never filled.
        missing = [gap.missing.span for gap in before[number].gaps if gap.missing.last >= kept_from]
        fits = fitting(ticks, joined(missing))
        found = sort_out(fits, numbers, known(database, fits, numbers, before), {number: kept_from})
        within = {tick.first for tick in fits}
        others = [tick for tick in ticks if tick.first not in within]
        there = known(database, others, numbers, before)
        found.sides += [
            others[place] for place, tick in there.items() if tick.tells_side and not tick.is_other
        ]
        stored = Stored(0, 0, 0)
        add(database, found, numbers, before)
        if fits:
            refold(database, number, minutes_of(found.fresh))
            stored = settle(database, before, stretches(fits, numbers), found, numbers, source)
        if fits or found.sides:
            tell(database, {number})
    return stored


def lock(database: Database, symbols: Iterable[int]) -> None:
    """Take the writer locks of some symbols, until the end of the current transaction."""
    database.execute(LOCK, {"symbols": array(sorted(symbols))}, prepare=True)


def is_beyond(batch: Sequence[Stretch], before: Mapping[int, Before]) -> bool:
    """Whether the whole batch comes after the tape, and contains no tick twice."""
    return len(before) == len(batch) and all(
        before[stretch.symbol].is_beyond(stretch) for stretch in batch
    )


def add(database: Database, found: Sorted, numbers: Numbers, before: Mapping[int, Before]) -> None:
    """Store the new ticks, and fill in `is_buyer_maker` of known ones."""
    if found.fresh:
        put(database, found.fresh, numbers, stretches(found.fresh, numbers), before)
    if found.sides:
        told = columns(found.sides, numbers)
        names = ("symbol", "first", "is_buyer_maker")
        database.execute(SIDES, {name: told[name] for name in names})
        by_symbol: dict[int, list[AggTrade]] = defaultdict(list)
        for tick in found.sides:
            by_symbol[numbers[tick.symbol]].append(tick)
        for number, ticks in sorted(by_symbol.items()):
            refold(database, number, minutes_of(ticks))


def put(
    database: Database,
    ticks: Sequence[AggTrade],
    numbers: Numbers,
    pieces: Sequence[Stretch],
    before: Mapping[int, Before],
) -> None:
    """Copy new ticks to the tape and fold them. `pieces`: their stretches, without other ticks."""
    with database.cursor() as cursor, cursor.copy(COPY) as copy:
        for rows in lines(ticks, numbers):
            copy.write(rows)
    ranges = {
        "symbol": array(piece.symbol for piece in pieces),
        # As text: of a batch of some ticks, dumping datetimes takes longer than anything else.
        "starts": array(iso(piece.earliest) for piece in pieces),
        "ends": array(iso(piece.latest) for piece in pieces),
        "first": array(piece.first for piece in pieces),
        "last": array(piece.begins_last for piece in pieces),
    }
    database.execute(FOLD, ranges, prepare=True)
    keep_after(database, pieces, {number: each.running for number, each in before.items()})


def settle(
    database: Database,
    before: Mapping[int, Before],
    batch: Sequence[Stretch],
    found: Sorted,
    numbers: Numbers,
    source: str,
) -> Stored:
    """Decide what a batch changes in the gap ledger, and write it."""
    arrivals = {
        number: Arrival(claimed=found.claimed.get(number, ()), kept=found.kept.get(number, ()))
        for number in before
    }
    for stretch in batch:
        if stretch.after > before[stretch.symbol].kept_from:
            arrivals[stretch.symbol].runs.append(stretch.run(before[stretch.symbol].kept_from))
    if any(each.gaps for each in before.values()):
        for tick in found.fresh:
            arrivals[numbers[tick.symbol]].stored.append(tick.first)
    changed: dict[int, Changes] = {
        number: changes(arrival, before[number].ends, before[number].gaps)
        for number, arrival in arrivals.items()
        if arrival.runs
    }
    opened, closed = gap_writes.write(database, changed, source)
    return Stored(
        len(found.fresh),
        opened,
        closed,
        found.refused,
        tuple(found.contradicting),
        tuple(found.pruned),
    )


def refold(database: Database, symbol: int, minutes: Sequence[datetime]) -> int:
    """Compute the candles of some minutes again from their ticks alone; and their coarse ones.

    Returns how many candles of minutes were changed, created or deleted.
    """
    if not minutes:
        return 0
    wanted = {"symbol": symbol, "minutes": list(minutes)}
    ((changed,),) = database.execute(REFOLD, wanted, prepare=False).fetchall()
    keep(database, {symbol: [(number, number) for number in map(minute_number, minutes)]})
    return int(changed)


def tell(database: Database, symbols: Iterable[int]) -> None:
    """Notify listeners that ticks or candles of some symbols have changed."""
    numbers = " ".join(map(str, sorted(symbols)))
    database.execute(TELL, {"numbers": numbers}, prepare=True)
