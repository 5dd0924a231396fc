"""The three questions, each answered together with what the tape can prove about the answer."""

from datetime import datetime

from .coverage import Coverage, Known, known
from .keys import MINUTE
from .models import Candle, Price


def latest(name: str | None = None) -> list[tuple[Price, Coverage]]:
    """The newest tick of each symbol that has one, or of one symbol, ordered by symbol. One query."""
    ticks = Price.objects.latest(name)
    return [(tick, Known.of_newest(tick).of_latest()) for tick in ticks]


def price_at(name: str, instant: datetime) -> tuple[Price | None, Coverage]:
    """The last tick at or before an instant. Two queries. Raises Symbol.DoesNotExist."""
    tick = Price.objects.as_of(name, instant)
    return tick, known(name, tick.timestamp if tick else instant, instant).of_price(tick, instant)


def minute(name: str, start: datetime) -> tuple[Candle | None, Coverage]:
    """The candle of the minute that starts at an instant. Two queries. Raises Symbol.DoesNotExist."""
    candle = Candle.objects.minute(name, start)
    return candle, known(name, start, start + MINUTE).of_minute(start)
