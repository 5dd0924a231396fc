"""Refuses ticks of history whose times do not fit those of their neighbours by trade id.

The rule is that of all ticks, `recording.trade_times`. Here the tape may have any of the ticks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ..exchange.messages import AggTrade, micros
from ..recording.batch import array
from ..recording.tape import Tape
from ..recording.trade_times import Refused, future, misfits, runs, since_1970
from ..sql import statement

AROUND = statement("read/around")


def sift(tape: Tape, ticks: Sequence[AggTrade], latest: int) -> list[Refused]:
    """The ticks with impossible times among those of one symbol, in order of trade id.

    latest: the latest possible time, in microseconds since 1970. Raises one of AWAY when the
    database is unavailable.
    """
    refused = future(ticks, latest)
    present = [tick for tick in ticks if micros(tick.traded) <= latest] if refused else ticks
    if not present:
        return refused
    together = runs(present)
    ranges = {
        "symbol": tape.numbers[ticks[0].symbol],
        "first": array(run[0].first for run in together),
        "last": array(run[-1].last for run in together),
    }
    found: list[list[tuple[Any, ...]]] = [[] for _ in together]
    for nth, *row in tape.database.execute(AROUND, ranges, prepare=True):
        found[nth].append(tuple(row))
    for run, rows in zip(together, found, strict=True):
        refused += among(run, rows, latest)
    return refused


def among(
    run: Sequence[AggTrade], rows: Iterable[tuple[int, int, datetime]], latest: int
) -> list[Refused]:
    """The same for consecutive ticks. rows: ticks of the tape, as AROUND tells them.

    Ticks that the tape has are compared with it when they are stored.
    """
    before = after = None
    stored: dict[int, int] = {}
    for place, first, instant in rows:
        if place < 0:
            before = since_1970(instant)
        elif place > 0:
            after = since_1970(instant)
        else:
            stored[first] = since_1970(instant)
    if not stored:
        return misfits(run, before, after, latest)
    refused: list[Refused] = []
    fresh: list[AggTrade] = []
    for tick in run:
        time = stored.get(tick.first)
        if time is None:
            fresh.append(tick)
        else:
            refused += misfits(fresh, before, time, latest)
            before, fresh = time, []
    return refused + misfits(fresh, before, after, latest)
