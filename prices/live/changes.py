"""What readers are told: the rows of the tape that have changed, each in the shape that the API gives it."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from .. import ask
from ..api import serializers
from ..api.renderers import ExactJSONRenderer
from ..models import Candle, Gap, Symbol
from ..models.candle import INTERVALS
from .snapshot import Event, Wish

render = ExactJSONRenderer().render


def event(kind: str, symbol: str, of: str, body: Any) -> Event:
    """An event of a Server-Sent Events stream: its name, and one line of JSON."""
    return Event(kind, symbol, of, b"event: %s\ndata: %s\n\n" % (kind.encode(), render(body)))


def latest(names: Collection[str]) -> Iterator[Event]:
    """The newest tick of some symbols, with its coverage."""
    found = [
        {
            "symbol": tick.symbol.name,
            "price": tick.price,
            "timestamp": tick.timestamp,
            "coverage": coverage,
        }
        for tick, coverage in ask.latest(names)
    ]
    # All at once: to set up a serializer takes longer than to use it.
    for body in serializers.LatestAnswer(found, many=True).data:
        yield event("latest", body["symbol"], "", body)


def states(names: Collection[str]) -> Iterator[Event]:
    """The feeds of some symbols, and what is known of their tape."""
    found = Symbol.objects.with_state(names)
    for body in serializers.SymbolAnswer(found, many=True).data:
        yield event("symbol", body["symbol"], "", body)


def candles(numbers: Collection[int], interval: str) -> Iterator[Event]:
    """The newest candles of some symbols."""
    found = Candle.objects.newest(numbers, INTERVALS[interval])
    for body in serializers.CandleAnswer(found, many=True).data:
        yield event("candle", body["symbol"], interval, body)


def gaps(ids: Collection[int]) -> Iterator[Event]:
    """Gaps, by id."""
    found = Gap.objects.filter(pk__in=ids).select_related("symbol").order_by("pk")
    for gap, body in zip(found, serializers.GapAnswer(found, many=True).data, strict=True):
        yield event("gap", body["symbol"], str(gap.pk), body)


class Reading:
    """Reads for some wishes what has changed. Raises OperationalError when the database is away."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.told: dict[tuple[str, str, str], bytes] = {}

    def everything(self, wishes: Collection[Wish]) -> list[Event]:
        """How all stands that somebody wants to know."""
        self.numbers = dict(Symbol.objects.values_list("name", "pk"))
        names = self.wanted(wishes, self.numbers)
        return self.news([*states(names), *self.ticked(wishes, names)])

    def changed(self, wishes: Collection[Wish], numbers: Collection[int]) -> list[Event]:
        """What stands otherwise, now that these symbols have new ticks or candles."""
        names = {name for name, number in self.numbers.items() if number in numbers}
        return self.news(self.ticked(wishes, self.wanted(wishes, names)))

    def ticked(self, wishes: Collection[Wish], names: Collection[str]) -> Iterator[Event]:
        if names:
            yield from latest(names)
        for interval in {wish.interval for wish in wishes}:
            alike = [wish for wish in wishes if wish.interval == interval]
            drawn = {name for name in names if any(wish.wants_candles(name) for wish in alike)}
            if drawn:
                yield from candles({self.numbers[name] for name in drawn}, interval)

    def wanted(self, wishes: Collection[Wish], names: Iterable[str]) -> set[str]:
        return {name for name in names if any(wish.wants_anything(name) for wish in wishes)}

    def news(self, events: Iterable[Event]) -> list[Event]:
        """Those that differ from what was told last."""
        found = [each for each in events if self.told.get(each.key) != each.text]
        self.told |= {each.key: each.text for each in found}
        return found
