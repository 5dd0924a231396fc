"""The lookout: asks the exchange about symbols whose silence is suspicious, and hands what it says to the writer."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..exchange import symbols as listing
from ..exchange.aggregates import Aggregates
from ..exchange.lately import Lately, look
from ..exchange.rest import Rest, Unanswered
from .pace import Pace
from .steady import SteadyTape

logger = logging.getLogger(__name__)

# Seconds that a trade may be on its way to us after REST has told of it.
ON_ITS_WAY = 2.0


@dataclass(frozen=True)
class Looked:
    """What the exchange said of a symbol, in its place among what its streams said.

    `breaks` is how often the feed had been interrupted before, `taken` when the answer was there (seconds, monotonic).
    """

    symbol: str
    lately: Lately
    breaks: int
    taken: float


class Lookout:
    """Looks at one symbol a turn. `breaks` tells how often the feed has been interrupted; `hand_over` takes what was seen."""

    def __init__(
        self,
        pace: Pace,
        rest: Rest,
        tape: SteadyTape,
        *,
        breaks: Callable[[], int],
        hand_over: Callable[[Looked], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = pace
        self.rest = rest
        self.tape = tape
        self.breaks = breaks
        self.hand_over = hand_over
        self.sleep = sleep
        self.clock = clock
        self.statuses: dict[str, str] = {}

    def turn(self) -> bool:
        """Whether there was something to look at. Raises Stopped, and one of `tape.AWAY` when the database is away."""
        suspects = self.pace.suspects(self.clock())
        if suspects:
            self.look(suspects[0])
        return bool(suspects)

    def look(self, symbol: str) -> None:
        self.pace.looking(symbol, self.clock())
        breaks = self.breaks()
        try:
            lately = look(self.rest, symbol)
            taken = self.clock()
            self.begin(symbol)
            self.tell_status(symbol, lately)
        except Unanswered as error:
            logger.warning("%s is silent, and REST cannot be asked why: %s", symbol, error)
            self.pace.looked(symbol, self.clock())
            return
        self.sleep(ON_ITS_WAY)
        self.hand_over(Looked(symbol, lately, breaks, taken))

    def begin(self, symbol: str) -> None:
        """A symbol that has not traded since it is recorded: its tape begins with the last trade before that."""
        if self.tape.once(lambda tape: tape.newest(symbol)) is None:
            ticks = Aggregates(self.rest, symbol).newest().ticks
            if ticks:
                self.tape.once(lambda tape: tape.store(ticks))

    def tell_status(self, symbol: str, lately: Lately) -> None:
        """Say when a symbol is silent because it is not traded, and when it is traded again."""
        newest = self.tape.once(lambda tape: tape.newest(symbol))
        if newest is None or newest.last < lately.last:
            return
        for listed in listing.ask(self.rest, [symbol]) or []:
            if listed.status != self.statuses.get(symbol, listing.TRADING):
                logger.info("%s is silent: its status is %s.", symbol, listed.status)
            self.statuses[symbol] = listed.status
