"""The newest event of each kind, so that a slow client skips only outdated events."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

# Gap events kept for slow clients. A client that is further behind has to request the gaps again.
GAPS_KEPT = 1_000


class Event(NamedTuple):
    """A new event replaces an older one that differs only in `text`.

    kind: the name of the event.
    symbol: empty for all symbols.
    of: tells events of one kind and symbol apart: the interval of a candle, the id of a gap.
    text: what is sent.
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
    """What a client wants: symbols, and candles of some symbols at an interval.

    None: all of them.
    """

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
    """A client is so far behind that events it needs were dropped."""


@dataclass
class ReadPosition:
    """How far a client has read: events up to version `seen`, gaps up to `gaps`."""

    seen: int = 0
    gaps: int = 0


@dataclass
class Snapshot:
    """Events by what they are about, the newest last.

    Each publication has a version, counted from 1.
    """

    version: int = 0
    forgotten: int = 0  # The newest version of a gap event that is no longer here.
    events: dict[tuple[str, str, str], tuple[int, Event]] = field(default_factory=dict)
    gaps: int = 0
    # Most clients want the same events, and have read equally far.
    told: dict[tuple[Wish, int, int], bytes] = field(default_factory=dict)

    def publish(self, events: Iterable[Event]) -> None:
        self.version += 1
        self.told.clear()
        for event in events:
            if self.events.pop(event.key, None) is None and event.kind == "gap":
                self.gaps += 1
            self.events[event.key] = (self.version, event)
        if self.gaps > GAPS_KEPT:
            self._forget()

    def _forget(self) -> None:
        for key, (version, event) in list(self.events.items()):
            if event.kind == "gap" and self.gaps > GAPS_KEPT:
                del self.events[key]
                self.gaps -= 1
                self.forgotten = version

    def enter(self) -> ReadPosition:
        """The place of a new client: it gets the current state, but no gaps that changed before."""
        return ReadPosition(seen=0, gaps=self.version)

    def read(self, wish: Wish, place: ReadPosition) -> bytes:
        """All events that a client wants and has not read, oldest first; moves its place.

        Raises Outrun.
        """
        if place.gaps < self.forgotten:
            raise Outrun
        key = (wish, place.seen, place.gaps)
        if key not in self.told:
            self.told[key] = b"".join(self.since(wish, place))
        place.seen = place.gaps = self.version
        return self.told[key]

    def since(self, wish: Wish, place: ReadPosition) -> list[bytes]:
        found = []
        for version, event in reversed(self.events.values()):
            if version <= place.seen:
                break
            if wish.wants(event) and (event.kind != "gap" or version > place.gaps):
                found.append(event.text)
        return found[::-1]
