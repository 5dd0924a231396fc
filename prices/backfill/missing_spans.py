"""What the tape lacks of a range of trades: in its gaps, before its beginning, after its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..recording.tape import Tape
from ..sql import statement
from .rest_range import Range

SPANS = statement("read/open_spans")
KNOWN = "SELECT FROM prices_symbol WHERE name = %s"


class Missing(NamedTuple):
    """Trades `first` to `last` are missing.

    before, after: the instants of the ticks on either side, where the tape has some.
    """

    first: int
    last: int
    before: datetime | None
    after: datetime | None

    @property
    def trades(self) -> int:
        return self.last - self.first + 1


class Lack(NamedTuple):
    """spans: in order. pruned: how many trades of the range can never be stored again."""

    spans: list[Missing]
    pruned: int

    @property
    def trades(self) -> int:
        return sum(span.trades for span in self.spans)


def is_registered(tape: Tape, symbol: str) -> bool:
    """Whether a symbol was ever recorded, or imported. Raises one of AWAY."""
    return tape.database.execute(KNOWN, [symbol]).fetchone() is not None


def lacking(tape: Tape, symbol: str, wanted: Range) -> Lack:
    """What a tape lacks of a range. Raises one of AWAY.

    What comes after the newest tick of a live feed is left to its recorder.
    """
    asked = {"symbol": tape.numbers[symbol], "first": wanted.first, "last": wanted.last}
    return read(tape.database.execute(SPANS, asked).fetchall(), wanted)


def read(rows: Sequence[tuple[Any, ...]], wanted: Range) -> Lack:
    """rows: as `read/open_spans.sql` returns them."""
    kept_from, first, starts, last, ends, is_live, *_ = rows[0]
    begin = max(wanted.first, kept_from)
    pruned = min(begin, wanted.last + 1) - wanted.first
    if first is None:
        whole = Missing(begin, wanted.last, None, None)
        return Lack([whole] if begin <= wanted.last else [], pruned)
    spans = [Missing(begin, min(wanted.last, first - 1), None, starts)]
    spans += [
        Missing(max(begin, gap[0]), min(wanted.last, gap[1]), gap[2], gap[3])
        for *_, gap in ((*row[:6], row[6:]) for row in rows)
        # One before the beginning of the tape is part of the span above.
        if gap[0] is not None and gap[1] > first
    ]
    if not is_live:
        spans.append(Missing(max(begin, last + 1), wanted.last, ends, None))
    return Lack([span for span in spans if span.first <= span.last], pruned)
