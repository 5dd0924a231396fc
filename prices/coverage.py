"""The verdict: what the tape can prove about an answer.

An answer is *complete* when every trade that could change it is provably on the tape, *incomplete*
when a known gap touches what was asked, and *unknown* when nothing can be said. The proof is the
exchange's own numbering: between two ticks whose trade ids are consecutive nothing is missing, and
where they are not, the gap ledger has a gap. Past the newest tick only the watermark of a live
recorder proves anything. This module has no database; the queries are in `prices.models.price`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .minutes import MINUTE

# Maximum number of gaps that one answer lists: open ones first, then the oldest.
GAPS_LISTED = 100

# The status of a gap whose trades are still missing.
OPEN = "open"


class Verdict(StrEnum):
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


# From the best verdict on a list of answers to the worst.
SEVERITY = (Verdict.COMPLETE, Verdict.UNKNOWN, Verdict.INCOMPLETE)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a list of answers. About an empty list nothing can be said."""
    return max(verdicts, key=SEVERITY.index, default=Verdict.UNKNOWN)


@dataclass(frozen=True)
class TouchingGap:
    """A gap that touches an answer: between which instants its trades were made."""

    starts: datetime
    ends: datetime
    status: str

    @property
    def is_open(self) -> bool:
        return self.status == OPEN


@dataclass(frozen=True)
class Coverage:
    """A verdict with its reasons.

    `complete_through`: the tape is complete from what was asked up to here. None: not known.
    """

    verdict: Verdict
    complete_through: datetime | None = None
    gaps: tuple[TouchingGap, ...] = ()


@dataclass(frozen=True)
class KnownTape:
    """What is known about the tape of a symbol around an answer.

    `newest`: when the newest tick was traded; None when there is none.
    `watermark`: every trade before it is on the tape or in a gap; None unless a recorder is live.
    `gaps`: those that touch what was asked.
    `torn`: where the first open gap after it starts, whether or not that gap touches it.
    """

    newest: datetime | None
    watermark: datetime | None
    gaps: tuple[TouchingGap, ...]
    torn: datetime | None

    @property
    def through(self) -> datetime | None:
        """How far the tape reaches."""
        return max(filter(None, (self.newest, self.watermark)), default=None)

    def of_price(self, asked: datetime, found: bool) -> Coverage:
        """On the last tick at or before an instant: can a trade be missing between the two?

        A newest tick exactly at that instant proves nothing: more trades of the instant may follow.
        """
        if not found:
            return Coverage(Verdict.UNKNOWN)
        passed = self.newest is not None and self.newest > asked
        promised = self.watermark is not None and self.watermark > asked
        return self._judge(proven=passed or promised)

    def of_minute(self, start: datetime, began: datetime | None, now: datetime) -> Coverage:
        """On the minute [start, start + 60 s): did recording begin before it and go on after it?"""
        return self.of_interval(start, MINUTE, began, now)

    def of_interval(
        self, start: datetime, length: timedelta, began: datetime | None, now: datetime
    ) -> Coverage:
        """On the interval [start, start + length), in the same way.

        `began`: the first minute that has a tick, None when there is none; in intervals shorter
        than a minute the first such interval. One that is still running `now` is complete through
        the watermark of a live recorder, once that lies within it: every trade of it made before
        that instant is in the answer, and later ones may change it.
        """
        before = began is not None and began < start
        if self.through is not None and self.through - start >= length:
            return self._judge(proven=before)
        if now - start < length and self.watermark is not None and self.watermark > start:
            return self._judge(proven=before, through=self.watermark)
        return self._judge(proven=False)

    def _judge(self, *, proven: bool, through: datetime | None = None) -> Coverage:
        """`through`: up to when the answer is whole, where that is not the end of the tape."""
        verdict = Verdict.COMPLETE if proven else Verdict.UNKNOWN
        if any(gap.is_open for gap in self.gaps):
            verdict = Verdict.INCOMPLETE
        return Coverage(verdict, self.torn or through or self.through, self.gaps)


def of_latest(
    newest: datetime, watermark: datetime | None, gaps: tuple[TouchingGap, ...]
) -> Coverage:
    """On the newest tick, traded at `newest`: is there really no later trade?

    Only a live recorder can tell. `watermark`: None unless one is live. `gaps`: the open ones whose
    trades come after the newest tick, which somebody has found elsewhere.
    """
    if gaps:
        return Coverage(Verdict.INCOMPLETE, newest, gaps)
    if watermark is None:
        return Coverage(Verdict.UNKNOWN, newest)
    return Coverage(Verdict.COMPLETE, max(newest, watermark))
