"""Holds ticks whose trade ids are far from the tape, until REST has confirmed them.

Two exchanges trade the same symbols under the same names: only their trade ids tell them apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from ..exchange.messages import AggTrade, micros
from .id_pace import FAR, is_far, pace_of
from .reconnecting import ReconnectingTape
from .strays import remove_only
from .tape_ticks import is_stored
from .trade_times import Refused, Times

# Maximum number of ticks held, of all symbols, some 400 bytes each. Further ones are dropped: they
# become a gap, which repair fills.
HELD = 10_000


class Outcome(Enum):
    """What REST says about the newest ticks of a tape, and a tick that is far from them."""

    KNOWN = "both are of this exchange"
    FOREIGN_TICK = "the tape is of this exchange, the tick is not"
    FOREIGN_TAPE = "the tape is of another exchange"
    STRAY = "the tape's only tick is of no exchange, the stream's is of this one"


class IdVerdict(NamedTuple):
    """The result of the check whether `tick` and its tape are of one exchange."""

    tick: AggTrade
    outcome: Outcome


class Place(NamedTuple):
    """A trade id, and its trade time in microseconds since 1970."""

    last: int
    traded: int


class Placed(Protocol):
    """An AggTrade or a Place: a last trade id, and a time in either unit of the exchange."""

    @property
    def last(self) -> int: ...
    @property
    def traded(self) -> int: ...


@dataclass
class Doubt:
    """A tick that is far from its tape, and the ticks of its symbol that came since."""

    tick: AggTrade
    held: list[AggTrade] = field(default_factory=list)
    # The tape is of another exchange: nothing joins it.
    refuted: bool = False


class IdWitness:
    """Passes ticks that join the tape, and holds the others. Used by the writer thread only.

    `questions` has the tick in doubt of each symbol, for `id_check` in another thread.
    """

    def __init__(self, tape: ReconnectingTape, times: Times) -> None:
        self._tape = tape
        self._times = times
        self._at: dict[str, Placed] = {}
        self._doubts: dict[str, Doubt] = {}
        self.questions: dict[str, AggTrade] = {}
        self.held = 0
        # Symbols whose tape began with the last tick: until another joins it, it may be a stray.
        self.unconfirmed: set[str] = set()

    def forget(self) -> None:
        """The tape may be another one, or may have lost ticks: read it again."""
        self._at.clear()
        self.unconfirmed.clear()

    def interrupted(self, symbols: Iterable[str] | None = None) -> None:
        """The feed of some symbols, or of all, was interrupted: drop their held ticks.

        What comes next does not join them. They become a gap, which repair fills.
        """
        for symbol in self._doubts.keys() if symbols is None else symbols:
            self.held -= len(self._doubts[symbol].held)
            self._doubts[symbol].held.clear()

    def sift(self, ticks: list[AggTrade]) -> tuple[list[AggTrade], set[str]]:
        """The ticks that join the tape, in their order, and the symbols of those that are held."""
        joining = 0 if self._doubts or self.unconfirmed else self._joining(ticks)
        if joining == len(ticks):
            return ticks, set()
        passed, doubted = ticks[:joining], set()
        for tick in ticks[joining:]:
            if self.joins(tick):
                self._confirm(tick)
                self._at[tick.symbol] = tick
                passed.append(tick)
            else:
                self._hold(tick)
                doubted.add(tick.symbol)
        return passed, doubted

    def _joining(self, ticks: Sequence[AggTrade]) -> int:
        """How many ticks, from the first on, are near the newest of their symbols: usually all."""
        at = self._at
        for n, tick in enumerate(ticks):
            newest = at.get(tick.symbol)
            if newest is None or not -FAR <= tick.first - newest.last <= FAR:
                return n
            at[tick.symbol] = tick
        return len(ticks)

    def _confirm(self, tick: AggTrade) -> None:
        """A tick that joins another confirms both; the first of a tape has none to join."""
        newest = self.newest(tick.symbol)
        if newest is None:
            self.unconfirmed.add(tick.symbol)
        elif newest.last < tick.first:
            self.unconfirmed.discard(tick.symbol)

    def joins(self, tick: AggTrade) -> bool:
        newest = self.newest(tick.symbol)
        doubt = self._doubts.get(tick.symbol)
        if doubt is not None:
            # While it is in doubt, only the very next trade joins.
            return not doubt.refuted and newest is not None and tick.first == newest.last + 1
        if newest is None:
            return True
        ahead = tick.first - newest.last
        if abs(ahead) <= FAR:
            return True
        if self._tape.insist(lambda tape: is_stored(tape, tick)):
            return True
        pace = self._tape.insist(lambda tape: pace_of(tape, tick.symbol))
        return not is_far(ahead, pace, micros(tick.traded) - micros(newest.traded))

    def newest(self, symbol: str) -> Placed | None:
        if symbol not in self._at and (found := self._times.newest_of(symbol)) is not None:
            self._at[symbol] = Place(*found)
        return self._at.get(symbol)

    def _hold(self, tick: AggTrade) -> None:
        doubt = self._doubts.setdefault(tick.symbol, Doubt(tick))
        self.questions.setdefault(tick.symbol, tick)
        if self.held < HELD and not doubt.refuted:
            doubt.held.append(tick)
            self.held += 1

    def judge(self, verdict: IdVerdict) -> tuple[list[AggTrade], list[Refused]]:
        """Apply a verdict. Returns the held ticks that are released, and those that are refused."""
        symbol = verdict.tick.symbol
        doubt = self._doubts.get(symbol)
        if doubt is None or doubt.tick is not verdict.tick:
            return [], []
        self.held -= len(doubt.held)
        if verdict.outcome is Outcome.FOREIGN_TAPE:
            doubt.held.clear()
            doubt.refuted = True
            return [], []
        del self._doubts[symbol], self.questions[symbol]
        if verdict.outcome is Outcome.STRAY:
            self._begin_again(symbol)
            return doubt.held, []
        if verdict.outcome is Outcome.KNOWN:
            newest = self.newest(symbol)
            if doubt.held or newest is None or newest.last < verdict.tick.first:
                self._at[symbol] = Place(verdict.tick.first - 1, verdict.tick.traded)
            return doubt.held, []
        foreign = [tick for tick in doubt.held if abs(tick.first - verdict.tick.first) <= FAR]
        rest = [tick for tick in doubt.held if abs(tick.first - verdict.tick.first) > FAR]
        return rest, [Refused(tick, "the exchange's REST knows no such trade") for tick in foreign]

    def _begin_again(self, symbol: str) -> None:
        """Take the only tick of a tape off it: what is held begins the tape instead."""
        self._tape.insist(lambda tape: remove_only(tape, symbol))
        self._times.newest.pop(symbol, None)
        self._at.pop(symbol, None)
        self.unconfirmed.discard(symbol)
