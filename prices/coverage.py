"""What the tape can prove about an answer.

An answer is *complete* when every trade that could change it is provably on the tape; *incomplete* when a known hole
touches what was asked; *unknown* when nothing can be said. The proof is the exchange's own numbering: between two
stored ticks whose trade ids join, nothing is missing, and where they do not, the tape holds a gap (`models.Gap`).
Past the newest tick only a live recorder can vouch, and only up to the instant that its heartbeat names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .minutes import MINUTE
from .models import Gap, Price

# Gaps that one answer lists at most: the open ones first, then the oldest.
GAPS_LISTED = 100


class Verdict(StrEnum):
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


# From the one that says most to the one that says least about a list of answers.
SEVERITY = (Verdict.COMPLETE, Verdict.UNKNOWN, Verdict.INCOMPLETE)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a list of answers; of an empty list nothing can be said."""
    return max(verdicts, key=SEVERITY.index, default=Verdict.UNKNOWN)


@dataclass(frozen=True)
class Hole:
    """A gap as far as an answer needs it: between which instants it lies."""

    starts: datetime
    ends: datetime
    status: str

    @property
    def is_open(self) -> bool:
        return self.status == Gap.Status.OPEN


@dataclass(frozen=True)
class Coverage:
    """A verdict, with its reasons: through which instant the tape is whole from what was asked on, and the gaps."""

    verdict: Verdict
    complete_through: datetime | None = None
    gaps: tuple[Hole, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known about a symbol's tape round an answer.

    `newest`: the instant of the newest tick, None without any. `vouched`: the instant before which a live recorder vouches for
    every trade, None when none is live. `holes`: the gaps that touch what was asked; `torn`: where the first open gap from there on
    begins, touching or not.
    """

    newest: datetime | None
    vouched: datetime | None
    holes: tuple[Hole, ...]
    torn: datetime | None

    @property
    def through(self) -> datetime | None:
        """The instant that the tape has come to."""
        return max(filter(None, (self.newest, self.vouched)), default=None)

    def judge(self, proven: bool) -> Coverage:
        verdict = Verdict.COMPLETE if proven else Verdict.UNKNOWN
        if any(hole.is_open for hole in self.holes):
            verdict = Verdict.INCOMPLETE
        return Coverage(verdict, self.torn or self.through, self.holes)

    def of_price(self, answer: Price | None, asked: datetime) -> Coverage:
        """For the last tick at or before an instant: what could come between the two?

        A newest tick that bears the asked instant proves nothing yet: more trades of that instant may follow.
        """
        if answer is None:
            return Coverage(Verdict.UNKNOWN)
        ended = self.newest is not None and self.newest > asked
        vouched = self.vouched is not None and self.vouched > asked
        return self.judge(ended or vouched)

    def of_minute(self, start: datetime, began: datetime | None, now: datetime) -> Coverage:
        """For the minute [start, start + 60 s): holes within, and proof that recording began before and went on after.

        `began` is the first minute with a tick, None without any. Of the minute that is being traded now, a live recorder vouches
        for what there is so far.
        """
        before = began is not None and began < start
        running = timedelta(0) <= now - start < MINUTE
        ended = self.through is not None and self.through - start >= MINUTE
        return self.judge(before and (ended or (running and self.vouched is not None)))


def of_latest(
    newest: datetime, live: bool, heard_through: datetime | None, holes: tuple[Hole, ...]
) -> Coverage:
    """For the newest tick, made at an instant: `holes` are the open gaps of later trades.

    Nothing is after it exactly when a live recorder says so, and nobody has found elsewhere that there is.
    """
    if holes:
        return Coverage(Verdict.INCOMPLETE, newest, holes)
    if not live or heard_through is None:
        return Coverage(Verdict.UNKNOWN, newest)
    return Coverage(Verdict.COMPLETE, max(newest, heard_through))
