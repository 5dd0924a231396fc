"""Reads the rows of the tape that have changed, and shapes them as the API does."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Protocol

from ..candle_intervals import INTERVALS
from ..models import Candle, Gap, Price, Symbol
from .snapshot import Event, Wish


class Shapes(Protocol):
    """Shapes rows as the API does. This package must not import the API, which passes it in."""

    def bodies(self, kind: str, rows: Iterable[Any]) -> list[dict[str, Any]]:
        """One body per row; `kind` is latest, symbol, candle or gap.

        Every body names its symbol.
        """
        ...

    def json(self, body: Any) -> bytes: ...


def event(kind: str, symbol: str, of: str, text: bytes) -> Event:
    """An event of a Server-Sent Events stream: its name, and `text`, one line of JSON."""
    return Event(kind, symbol, of, b"event: %s\ndata: %s\n\n" % (kind.encode(), text))


class Reading:
    """Reads what has changed for some wishes.

    Raises OperationalError when the database is unavailable.
    """

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._numbers: dict[str, int] = {}
        self._told: dict[tuple[str, str, str], bytes] = {}

    def everything(self, wishes: Collection[Wish]) -> list[Event]:
        """The current state of everything that a client wants."""
        self._numbers = dict(Symbol.objects.values_list("name", "pk"))
        names = self._wanted(wishes, self._numbers)
        return self._news([*self._states(names), *self._ticked(wishes, names)])

    def changed(self, wishes: Collection[Wish], numbers: Collection[int]) -> list[Event]:
        """What has changed, now that these symbols have new ticks or candles."""
        names = {name for name, number in self._numbers.items() if number in numbers}
        return self._news(self._ticked(wishes, self._wanted(wishes, names)))

    def _ticked(self, wishes: Collection[Wish], names: Collection[str]) -> Iterator[Event]:
        if names:
            yield from self.latest(names)
        for interval in {wish.interval for wish in wishes}:
            alike = [wish for wish in wishes if wish.interval == interval]
            drawn = {name for name in names if any(wish.wants_candles(name) for wish in alike)}
            if drawn:
                yield from self._candles({self._numbers[name] for name in drawn}, interval)

    def latest(self, names: Collection[str]) -> Iterator[Event]:
        """The newest tick of some symbols, with its coverage."""
        yield from self._told_as("latest", Price.objects.latest(symbols=names))

    def _states(self, names: Collection[str]) -> Iterator[Event]:
        """The feeds of some symbols, and the state of their tapes."""
        yield from self._told_as("symbol", Symbol.objects.with_state(names))

    def _candles(self, numbers: Collection[int], interval: str) -> Iterator[Event]:
        """The newest candles of some symbols."""
        yield from self._told_as(
            "candle", Candle.objects.newest(numbers, INTERVALS[interval]), interval
        )

    def gaps(self, ids: Collection[int]) -> Iterator[Event]:
        """Gaps, by id."""
        found = list(Gap.objects.filter(pk__in=ids).select_related("symbol").order_by("pk"))
        for gap, body in zip(found, self._shapes.bodies("gap", found), strict=True):
            yield event("gap", body["symbol"], str(gap.pk), self._shapes.json(body))

    def _told_as(self, kind: str, rows: Iterable[Any], of: str = "") -> Iterator[Event]:
        for body in self._shapes.bodies(kind, rows):
            yield event(kind, body["symbol"], of, self._shapes.json(body))

    def _wanted(self, wishes: Collection[Wish], names: Iterable[str]) -> set[str]:
        return {name for name in names if any(wish.wants_anything(name) for wish in wishes)}

    def _news(self, events: Iterable[Event]) -> list[Event]:
        """Those that differ from what was sent last."""
        found = [each for each in events if self._told.get(each.key) != each.text]
        self._told |= {each.key: each.text for each in found}
        return found
