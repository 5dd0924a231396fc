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

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Case, OuterRef, Subquery, Value, When
from django.db.models.functions import JSONObject, Now

from .keys import MASK, MINUTE
from .models import Candle, Gap, Price, Symbol
from .models.gap import GapQuerySet
from .models.price import PriceQuerySet
from .models.symbol import SymbolQuerySet

# Gaps that one answer lists at most: the open ones first, then the oldest.
GAPS_LISTED = 100


# What an answer needs of a gap.
AS_JSON = JSONObject(**{name: name for name in ("starts", "ends", "status")})


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

    `now`: the time; `began`: the first minute with a tick; `newest`: the instant of the newest tick; both None without any.
    `vouched`: the instant before which a live recorder vouches for every trade, None when none is live.
    `holes`: the gaps that touch what was asked; `torn`: where the first open gap from there on begins, touching or not.
    `answer`: the key of the last tick at or before an instant that was asked for, None when there is none.
    """

    now: datetime
    began: datetime | None
    newest: datetime | None
    vouched: datetime | None
    holes: tuple[Hole, ...] = ()
    torn: datetime | None = None
    answer: int | None = None

    @property
    def through(self) -> datetime | None:
        """The instant that the tape has come to."""
        return max(filter(None, (self.newest, self.vouched)), default=None)

    def judge(self, proven: bool) -> Coverage:
        verdict = Verdict.COMPLETE if proven else Verdict.UNKNOWN
        if any(hole.is_open for hole in self.holes):
            verdict = Verdict.INCOMPLETE
        return Coverage(verdict, self.torn or self.through, self.holes)

    def of_price(self, asked: datetime) -> Coverage:
        """For the last tick at or before an instant: what could come between the two?

        A newest tick that bears the asked instant proves nothing yet: more trades of that instant may follow.
        """
        if self.answer is None:
            return Coverage(Verdict.UNKNOWN)
        ended = self.newest is not None and self.newest > asked
        vouched = self.vouched is not None and self.vouched > asked
        return self.judge(ended or vouched)

    def of_minute(self, start: datetime) -> Coverage:
        """For the minute [start, start + 60 s): holes within, and proof that recording began before and went on after.

        Of the minute that is being traded now, a live recorder vouches for what there is so far.
        """
        began = self.began is not None and self.began < start
        running = timedelta(0) <= self.now - start < MINUTE
        ended = self.through is not None and self.through - start >= MINUTE
        return self.judge(began and (ended or (running and self.vouched is not None)))


def of_latest(tick: Price) -> Coverage:
    """For the newest tick, which came with its feed's state and `with_holes_after` it.

    Nothing is after it exactly when a live recorder says so, and nobody has found elsewhere that there is.
    """
    if tick.holes:
        holes = tuple(hole_from_json(hole) for hole in tick.holes)
        return Coverage(Verdict.INCOMPLETE, tick.timestamp, holes)
    if not tick.live:
        return Coverage(Verdict.UNKNOWN, tick.timestamp)
    return Coverage(Verdict.COMPLETE, max(tick.timestamp, tick.symbol.heard_through))


def with_holes_after(ticks: PriceQuerySet) -> PriceQuerySet:
    """Add `holes` to ticks that are the newest of their symbols: the open gaps of later trades."""
    gaps = Gap.objects.filter(
        symbol=OuterRef("symbol"),
        status=Gap.Status.OPEN,
        last_trade__gt=OuterRef("pk").bitand(MASK),
    ).order_by("last_trade")
    return ticks.annotate(holes=ArraySubquery(gaps.values(json=AS_JSON)[:GAPS_LISTED]))


def known_at(name: str, instant: datetime) -> Known:
    """What is known from the last tick at or before an instant on. One query. Raises Symbol.DoesNotExist."""
    ticks = Price.objects.as_of(OuterRef("pk"), instant)
    symbols = Symbol.objects.annotate(
        answer=Subquery(ticks.values("pk")[:1]), answer_at=Subquery(ticks.values("timestamp")[:1])
    )
    # Trades of the answer's own instant come after it only if their ids are higher.
    gaps = Gap.objects.filter(last_trade__gt=OuterRef("answer").bitand(MASK))
    return known(symbols, name, gaps, OuterRef("answer_at"), instant)


def known_between(name: str, start: datetime, end: datetime) -> Known:
    """What is known round [start, end]. One query. Raises Symbol.DoesNotExist."""
    symbols = Symbol.objects.annotate(answer=Value(None, BigIntegerField()))
    return known(symbols, name, Gap.objects.all(), start, end)


def known(
    symbols: SymbolQuerySet, name: str, gaps: GapQuerySet, start: datetime | OuterRef, end: datetime
) -> Known:
    gaps = gaps.filter(symbol=OuterRef("pk"))
    torn = gaps.filter(status=Gap.Status.OPEN, ends__gte=start).order_by("last_trade")
    # Open ones first, so that the limit on the list cannot hide one from the verdict.
    touching = gaps.touching(start, end).order_by(
        Case(When(status=Gap.Status.OPEN, then=0), default=1), "starts"
    )
    ticks = Price.objects.filter(symbol=OuterRef("pk")).newest_first()
    candles = Candle.objects.filter(symbol=OuterRef("pk")).order_by("pk")
    symbol = (
        symbols.with_feed()
        .annotate(
            now=Now(),
            newest=Subquery(ticks.values("timestamp")[:1]),
            began=Subquery(candles.values("minute")[:1]),
            holes=ArraySubquery(touching.values(json=AS_JSON)[:GAPS_LISTED]),
            torn=Subquery(torn.values("starts")[:1]),
        )
        .get(name=name)
    )
    return Known(
        now=symbol.now,
        began=symbol.began,
        newest=symbol.newest,
        vouched=symbol.heard_through if symbol.live else None,
        holes=tuple(hole_from_json(hole) for hole in symbol.holes),
        torn=symbol.torn,
        answer=symbol.answer,
    )


def hole_from_json(found: dict) -> Hole:
    starts, ends = (datetime.fromisoformat(found[name]) for name in ("starts", "ends"))
    return Hole(starts, ends, found["status"])
