"""The staleness check: asks REST about stale symbols, and hands its answers to the writer."""

import logging
import time
from collections import deque
from collections.abc import Callable

from ..exchange.agg_trades import AggTrades, Page
from ..exchange.backoff import backoff
from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.last_trade import LastTrade, look
from ..exchange.messages import AggTrade, micros
from ..exchange.rest import Rest
from ..exchange.rest_errors import Refused, Stopped, Unanswered
from .check_result import ON_ITS_WAY, CheckResult
from .id_pace import is_far, pace_of
from .inter_arrival import RETRY_WITHIN
from .reconnecting import ReconnectingTape
from .staleness import Staleness
from .symbol_log import SymbolLog
from .symbol_status import SymbolStatus
from .tape import Newest
from .tape_ticks import newest_ticks
from .trade_recognition import Known, recognise
from .trade_times import sift_rows, since_1970

logger = logging.getLogger(__name__)

# Seconds between two checks. With hundreds of symbols they would use up the rate limit, which
# repair needs as well.
INTERVAL = 2.0


class StalenessCheck:
    """Checks one symbol per turn.

    breaks: returns how often the feed of a symbol has been interrupted.
    hand_over: takes the result of a check.

    A check that fails proves nothing: the symbol stays stale, and is checked again within
    RETRY_WITHIN seconds.
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
        # Symbols whose checks have failed since the last log line about it: all stale symbols may
        # be tried in vain, again and again.
        self._failed: dict[str, None] = {}
        self._failed_log = SymbolLog(clock)
        self._status = SymbolStatus(rest, clock)
        self._next_look = clock()
        # Results wait here until everything that the stream had sent by then has arrived.
        self._seen: deque[CheckResult] = deque()

    def turn(self) -> bool:
        """Make a check if one is due. Returns whether there was something to do.

        Raises Stopped, and one of AWAY when the database is unavailable.
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
        self._status.tell(symbol)

    def _fail(self, symbol: str, error: Unanswered) -> None:
        """Log a failed check. One that the exchange rejects does not delay the others."""
        now = self.clock()
        refused = isinstance(error, Refused)
        self._staleness.failed(symbol, now, refused=refused)
        if not refused:
            self._next_look = now + next(self._waits)
        self._failed[symbol] = None
        if names := self._failed_log.due(self._failed):
            self._failed.clear()
            logger.warning(
                "%s: stale, and the REST check failed; watermark withdrawn. %s", names, error
            )

    def _prove(self, symbol: str, last_trade: LastTrade) -> int:
        """The last trade id that the history of a symbol confirms; -1 when it is on the tape.

        If the symbol has no tape yet, its tape begins with this page.
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
        """Begin the tape of a symbol with a page, without ticks that have impossible times."""
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

    def _is_of_tape(self, agg_trades: AggTrades, newest: Newest, tick: AggTrade) -> bool:
        """Whether a trade from REST belongs to the tape's exchange, by its ids or its history."""
        symbol = agg_trades.symbol
        ahead, elapsed = tick.first - newest.last, micros(tick.traded) - since_1970(newest.traded)
        if not is_far(ahead, self._tape.once(lambda tape: pace_of(tape, symbol)), elapsed):
            return True
        ticks = self._tape.once(lambda tape: newest_ticks(tape, symbol, self._wall_clock()))
        return not ticks or recognise(agg_trades, ticks).known is Known.YES
