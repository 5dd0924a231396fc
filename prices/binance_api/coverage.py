"""How far the tape proves a page of ticks, or a stretch of time up to now."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from ..coverage import OPEN, Verdict
from ..models import Candle, Gap, Price, Symbol


def of_page(
    symbol: Symbol,
    found: Sequence[Price],
    *,
    first: int | None,
    start: datetime | None,
    end: datetime | None,
    full: bool,
) -> Verdict:
    """On ticks in the order of their ids, from an id or an instant on, and up to an instant.

    `full`: the page ended with its limit. Else it ends with `end`, or with the tape: then a trade
    may be missing after its last tick. A gap that adjoins the page may hold what belongs on it.
    """
    if not found:
        return Verdict.UNKNOWN
    lowest = found[0].first_trade - 1 if first is None else first
    highest = found[-1].last_trade + (not full)
    gaps = Gap.objects.filter(symbol=symbol, status=OPEN)
    if gaps.filter(first_trade__lte=highest, last_trade__gte=lowest).exists():
        return Verdict.INCOMPLETE
    bounded = start is not None or first not in (None, found[0].first_trade)
    begins = bounded and not _has_before(symbol, found[0])
    if begins or not (full or _reaches(symbol, found[-1], end)):
        return Verdict.UNKNOWN
    return Verdict.COMPLETE


def of_time(name: str, start: datetime) -> Verdict:
    """On all trades of a symbol from an instant on: none is known to be missing, and it is live."""
    symbol = Symbol.objects.with_feed().get(name=name)
    if Gap.objects.filter(symbol=symbol, status=OPEN, ends__gte=start).exists():
        return Verdict.INCOMPLETE
    # The candle of the minute in which recording began may be cut.
    began = Candle.objects.filter(symbol=symbol, minute__lt=start).exists()
    return Verdict.COMPLETE if symbol.live and began else Verdict.UNKNOWN


def _has_before(symbol: Symbol, tick: Price) -> bool:
    return Price.objects.filter(symbol=symbol, first_trade__lt=tick.first_trade).exists()


def _reaches(symbol: Symbol, last: Price, end: datetime | None) -> bool:
    """Whether the tape goes on after the last tick of a page, or is live."""
    later = Q(timestamp__gt=end) if end else Q(first_trade__gt=last.first_trade)
    if Price.objects.filter(later, symbol=symbol).exists():
        return True
    feed = Symbol.objects.with_feed().get(pk=symbol.pk)
    through = feed.heard_through
    return feed.live and through is not None and (end is None or through > end)
