"""The three questions, each answered together with what the tape can prove about the answer."""

from collections.abc import Collection
from datetime import datetime, timedelta

from .coverage import Coverage, known_at, known_between, of_latest, with_holes_after
from .keys import MINUTE
from .models import Candle, Price


def latest(names: Collection[str] | None = None) -> list[tuple[Price, Coverage]]:
    """The newest tick of each symbol that has one, of all or of some, ordered by symbol. One query."""
    ticks = with_holes_after(Price.objects.latest(names))
    return [(tick, of_latest(tick)) for tick in ticks]


def price_at(name: str, instant: datetime) -> tuple[Price | None, Coverage]:
    """The last tick at or before an instant. Two queries. Raises Symbol.DoesNotExist."""
    # The verdict first, and on which tick it is: what is stored between the two queries then changes neither.
    around = known_at(name, instant)
    tick = Price.objects.get(pk=around.answer) if around.answer is not None else None
    return tick, around.of_price(instant)


def minute(name: str, start: datetime) -> tuple[Candle | None, Coverage]:
    """The candle of the minute that starts at an instant. Two queries. Raises Symbol.DoesNotExist."""
    # Half-open: a gap that begins with the next minute does not touch this one.
    # In this order, the last minute of the calendar has an end too.
    end = start + (MINUTE - timedelta.resolution)
    # The verdict first: what is stored between the two queries makes the candle richer, never the verdict wrong.
    around = known_between(name, start, end)
    return Candle.objects.minute(name, start), around.of_minute(start)
