"""The board: the newest event of each kind, so that a reader who was away longer misses only what is outdated."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

# Gap events that are kept for slow readers. Who is further behind has to ask for the gaps anew.
GAPS_KEPT = 1_000


class Event(NamedTuple):
    """`kind` names the event; `symbol` is whose it is, empty for everybody's; `text` is how it is sent.

    `of` tells events of one kind and symbol apart: a candle's interval, a gap's id. A new event takes the place of an older
    one that differs in `text` alone.
    """

    kind: str
    symbol: str
    of: str
    text: bytes

    @property
    def key(self) -> tuple[str, str, str]:
        return self[:3]


@dataclass(frozen=True)
class Wish:
    """What a reader wants to hear of: symbols, and candles of some symbols at an interval. None: all of them."""

    symbols: frozenset[str] | None = None
    candles: frozenset[str] | None = None
    interval: str = "1m"

    def wants(self, event: Event) -> bool:
        if event.kind == "candle":
            return event.of == self.interval and self.wants_candles(event.symbol)
        return not event.symbol or self.symbols is None or event.symbol in self.symbols

    def wants_candles(self, symbol: str) -> bool:
        return self.candles is None or symbol in self.candles

    def wants_anything(self, symbol: str) -> bool:
        return self.symbols is None or symbol in self.symbols or self.wants_candles(symbol)


class Outrun(Exception):
    """A reader was away for so long that events it needs are no longer here."""


@dataclass
class Place:
    """How far a reader has come: events up to version `seen`, gaps up to `gaps`."""

    seen: int = 0
    gaps: int = 0


@dataclass
class Snapshot:
    """Events by what they are about, the newest last. Each publication has a version, counted from 1."""

    version: int = 0
    forgotten: int = 0  # The newest version of a gap event that is no longer here.
    events: dict[tuple[str, str, str], tuple[int, Event]] = field(default_factory=dict)
    gaps: int = 0
    # Readers mostly want the same, and are equally far.
    told: dict[tuple[Wish, int, int], bytes] = field(default_factory=dict)

    def publish(self, events: Iterable[Event]) -> None:
        self.version += 1
        self.told.clear()
        for event in events:
            if self.events.pop(event.key, None) is None and event.kind == "gap":
                self.gaps += 1
            self.events[event.key] = (self.version, event)
        if self.gaps > GAPS_KEPT:
            self.forget()

    def forget(self) -> None:
        for key, (version, event) in list(self.events.items()):
            if event.kind == "gap" and self.gaps > GAPS_KEPT:
                del self.events[key]
                self.gaps -= 1
                self.forgotten = version

    def enter(self) -> Place:
        """The place of a new reader: it is told how everything stands, but not of gaps that changed before it came."""
        return Place(seen=0, gaps=self.version)

    def read(self, wish: Wish, place: Place) -> bytes:
        """All that a reader wants and has not been told, oldest first; moves its place. Raises Outrun."""
        if place.gaps < self.forgotten:
            raise Outrun
        key = (wish, place.seen, place.gaps)
        if key not in self.told:
            self.told[key] = b"".join(self.since(wish, place))
        place.seen = place.gaps = self.version
        return self.told[key]

    def since(self, wish: Wish, place: Place) -> list[bytes]:
        found = []
        for version, event in reversed(self.events.values()):
            if version <= place.seen:
                break
            if wish.wants(event) and (event.kind != "gap" or version > place.gaps):
                found.append(event.text)
        return found[::-1]
