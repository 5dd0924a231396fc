"""What the tape can prove about an answer.

An answer is *complete* when every trade that could change it is provably on the tape; *incomplete* when a known hole
touches what was asked; *unknown* when nothing can be said. The proof is the exchange's own numbering: between two
stored ticks whose trade ids join, nothing is missing, and where they do not, the tape holds a gap (`models.Gap`).
Past the newest tick only a live recorder can vouch, and only up to the instant that its heartbeat names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, Subquery, When
from django.db.models.functions import JSONObject

from .keys import MINUTE
from .models import Candle, Gap, Price, Symbol

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
    """A gap as far as an answer needs it: the last missing trade id, and between which instants it lies."""

    last_trade: int
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

    `began`: the first minute with a tick; `newest`: the instant of the newest tick; both None on an empty tape.
    `vouched`: the instant through which a live recorder vouches, None when none is live.
    """

    began: datetime | None
    newest: datetime | None
    vouched: datetime | None
    holes: tuple[Hole, ...] = ()

    @classmethod
    def of_newest(cls, tick: Price) -> "Known":
        """All that the question for the latest price needs, from a tick that came with its feed's state."""
        return cls(None, tick.timestamp, tick.symbol.heard_through if tick.live else None)

    @property
    def through(self) -> datetime | None:
        return max(filter(None, (self.newest, self.vouched)), default=None)

    def judge(self, proven: bool, holes: tuple[Hole, ...]) -> Coverage:
        missing = [hole for hole in holes if hole.is_open]
        if missing:
            return Coverage(Verdict.INCOMPLETE, min(hole.starts for hole in missing), holes)
        verdict = Verdict.COMPLETE if proven else Verdict.UNKNOWN
        return Coverage(verdict, self.through, holes)

    def of_price(self, answer: Price | None, asked: datetime) -> Coverage:
        """For the last tick at or before an instant: what could come between the two?

        Trades of the answer's own instant come after it only if their ids are higher. A newest tick that bears the asked
        instant proves nothing yet: more trades of that instant may follow.
        """
        if answer is None:
            return Coverage(Verdict.UNKNOWN)
        ended = self.newest is not None and self.newest > asked
        vouched = self.vouched is not None and self.vouched >= asked
        later = tuple(hole for hole in self.holes if hole.last_trade > answer.first_trade)
        return self.judge(ended or vouched, later)

    def of_minute(self, start: datetime) -> Coverage:
        """For the minute [start, start + 60 s): holes within, and proof that recording began before and went on after.

        Of the minute that is being traded now, a live recorder vouches for what there is so far.
        """
        began = self.began is not None and self.began < start
        ended = self.newest is not None and self.newest >= start + MINUTE
        vouched = self.vouched is not None and self.vouched >= start
        within = tuple(hole for hole in self.holes if hole.starts < start + MINUTE)
        return self.judge(began and (ended or vouched), within)

    def of_latest(self) -> Coverage:
        """For the newest tick: there is nothing after it exactly when a live recorder says so."""
        return self.judge(self.vouched is not None, ())


def known(name: str, start: datetime, end: datetime) -> Known:
    """What is known round [start, end], in one query. Raises Symbol.DoesNotExist."""
    # Open ones first, so that the limit on the list cannot hide one from the verdict.
    touching = Gap.objects.filter(symbol=OuterRef("pk")).touching(start, end)
    touching = touching.order_by(Case(When(status=Gap.Status.OPEN, then=0), default=1), "starts")
    as_json = JSONObject(**{name: name for name in ("last_trade", "starts", "ends", "status")})
    ticks = Price.objects.filter(symbol=OuterRef("pk")).newest_first()
    candles = Candle.objects.filter(symbol=OuterRef("pk")).order_by("pk")
    symbol = (
        Symbol.objects.with_feed()
        .annotate(
            newest=Subquery(ticks.values("timestamp")[:1]),
            began=Subquery(candles.values("minute")[:1]),
            holes=ArraySubquery(touching.values(json=as_json)[:GAPS_LISTED]),
        )
        .get(name=name)
    )
    return Known(
        began=symbol.began,
        newest=symbol.newest,
        vouched=symbol.heard_through if symbol.live else None,
        holes=tuple(hole_from_json(hole) for hole in symbol.holes),
    )


def hole_from_json(found: dict) -> Hole:
    starts, ends = (datetime.fromisoformat(found[name]) for name in ("starts", "ends"))
    return Hole(found["last_trade"], starts, ends, found["status"])
