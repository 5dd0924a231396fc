"""The staleness check: asks REST about stale symbols, and hands its answers to the writer."""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..exchange import exchange_info as listing
from ..exchange.agg_trades import AggTrades, Page
from ..exchange.backoff import backoff
from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.last_trade import LastTrade, look
from ..exchange.messages import Tick, micros
from ..exchange.rest import Rest
from ..exchange.rest_errors import Refused, Stopped, Unanswered
from .id_check import witnesses
from .id_witness import is_far, pace_of
from .reconnecting import ReconnectingTape
from .staleness import RETRY_WITHIN, Staleness
from .tape import Newest
from .trade_recognition import Known, recognise
from .trade_times import sift_rows, since_1970

logger = logging.getLogger(__name__)

# Seconds that a trade may still be on its way to us after REST has returned it.
ON_ITS_WAY = 2.0

# Seconds between two checks. With several hundred symbols they would use up the rate limit, and
# repair needs it, too.
INTERVAL = 2.0

# Seconds between two log lines about failed checks: all stale symbols may be tried in vain, again
# and again.
WARNING_INTERVAL = 60.0

# Maximum number of symbols that such a line names.
NAMED = 10

# Seconds between two requests for the status of stale symbols, which is only logged.
STATUS_INTERVAL = 60.0

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class CheckResult:
    """What the exchange said of a symbol, in its place among the frames of the streams.

    `proven` is the last trade id that its history confirms, -1 if it was not requested: one wrong
    answer is not believed. `breaks` is how often the symbol's feed had been interrupted before,
    `taken` when the answer arrived (seconds, monotonic).
    """

    symbol: str
    last_trade: LastTrade
    proven: int
    breaks: int
    taken: float

    def is_old(self, connected_at: float) -> bool:
        """The last trade was made before the present connection could deliver it."""
        age = (self.last_trade.now - self.last_trade.traded) / MICROSECONDS
        return age > self.taken - connected_at - ON_ITS_WAY


class StalenessCheck:
    """Checks one symbol per turn.

    `breaks` returns how often a symbol's feed has been interrupted; `hand_over` takes the result. A
    check that fails proves nothing: the symbol stays stale, and has another turn within
    `RETRY_WITHIN` seconds.
    """

    def __init__(
        self,
        staleness: Staleness,
        rest: Rest,
        tape: ReconnectingTape,
        *,
        breaks: Callable[[str], int],
        hand_over: Callable[[CheckResult], None],
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._staleness = staleness
        self._rest = rest
        self._tape = tape
        self._breaks = breaks
        self.hand_over = hand_over
        self.clock = clock
        self._wall_clock = wall_clock
        self._waits = backoff(ceiling=RETRY_WITHIN)
        # Symbols whose checks have failed since the last log line about it, and when that was
        # written.
        self._untold: dict[str, None] = {}
        self._told_at: float | None = None
        self._next_look = clock()
        self._next_status = clock()
        self._statuses: dict[str, str] = {}
        # A result waits here until everything that the streams had sent by then has arrived.
        self._seen: deque[CheckResult] = deque()

    def turn(self) -> bool:
        """Returns whether there was something to do.

        Raises Stopped, and one of `tape.AWAY` when the database is unavailable.
        """
        now = self.clock()
        while self._seen and now - self._seen[0].taken >= ON_ITS_WAY:
            self.hand_over(self._seen.popleft())
        if now < self._next_look or not (suspects := self._staleness.suspects(now)):
            return False
        self._next_look = now + INTERVAL
        self._look(suspects[0])
        return True

    def _look(self, symbol: str) -> None:
        self._staleness.looking(symbol, self.clock())
        breaks = self._breaks(symbol)
        try:
            last_trade = look(self._rest, symbol)
            taken = self.clock()
            proven = self._prove(symbol, last_trade)
        except Unanswered as error:
            self._fail(symbol, error)
            return
        except Stopped:
            raise
        except Exception:
            # The caller logs what happened.
            self._staleness.failed(symbol, self.clock())
            raise
        self._waits = backoff(ceiling=RETRY_WITHIN)
        self._seen.append(CheckResult(symbol, last_trade, proven, breaks, taken))
        self._tell_status(symbol)

    def _fail(self, symbol: str, error: Unanswered) -> None:
        """A failed check proves nothing.

        One that the exchange rejects must not delay the others.
        """
        now = self.clock()
        refused = isinstance(error, Refused)
        self._staleness.failed(symbol, now, refused=refused)
        if not refused:
            self._next_look = now + next(self._waits)
        self._untold[symbol] = None
        if self._told_at is not None and now - self._told_at < WARNING_INTERVAL:
            return
        names = ", ".join([*self._untold][:NAMED])
        more = f" and {len(self._untold) - NAMED} more" if len(self._untold) > NAMED else ""
        logger.warning(
            "%s%s: stale, and the REST check failed; watermark withdrawn. %s",
            names,
            more,
            error,
        )
        self._untold.clear()
        self._told_at = now

    def _prove(self, symbol: str, last_trade: LastTrade) -> int:
        """The last trade of a symbol that its history confirms, as far as that is new.

        The tape of a symbol that has not traded since it is recorded begins with it.
        """
        newest = self._tape.once(lambda tape: tape.newest(symbol))
        if newest is not None and last_trade.last <= newest.last:
            return -1
        agg_trades = AggTrades(self._rest, symbol)
        page = agg_trades.newest()
        if newest is None:
            return self._begin(symbol, page)
        if page.ticks and not self._is_of_tape(agg_trades, newest, page.ticks[-1]):
            return -1
        return page.last

    def _begin(self, symbol: str, page: Page) -> int:
        """Begin the tape of a symbol with a page of it, as far as its times can be right."""
        latest = int(self._wall_clock() * 1_000_000) + AHEAD_OF_OURS
        refused = self._tape.once(lambda tape: sift_rows(tape, page.ticks, latest))
        if refused:
            tick, reason = refused[0]
            logger.warning("%s: trade %d from REST is invalid: %s.", symbol, tick.first, reason)
        lost = {id(found.tick) for found in refused}
        ticks = [tick for tick in page.ticks if id(tick) not in lost]
        if ticks:
            self._tape.once(lambda tape: tape.store(ticks))
        return max((tick.last for tick in ticks), default=-1)

    def _is_of_tape(self, agg_trades: AggTrades, newest: Newest, tick: Tick) -> bool:
        """Whether a trade from REST belongs to the tape's exchange, by its ids or its history."""
        symbol = agg_trades.symbol
        ahead, elapsed = tick.first - newest.last, micros(tick.traded) - since_1970(newest.traded)
        if not is_far(ahead, self._tape.once(lambda tape: pace_of(tape, symbol)), elapsed):
            return True
        ticks = self._tape.once(lambda tape: witnesses(tape, symbol, self._wall_clock()))
        return not ticks or recognise(agg_trades, ticks).known is Known.YES

    def _tell_status(self, symbol: str) -> None:
        """Log when a symbol is quiet because it is not traded, and when it is traded again."""
        if self.clock() < self._next_status:
            return
        self._next_status = self.clock() + STATUS_INTERVAL
        try:
            found = listing.ask(self._rest, [symbol]) or []
        except Unanswered:
            # Only logged: the check itself has been answered.
            return
        for listed in found:
            if listed.status != self._statuses.get(symbol, listing.TRADING):
                logger.info("%s is stale: its status is %s.", symbol, listed.status)
            self._statuses[symbol] = listed.status
