"""Checks with REST whether a tape, and a stream whose ids are far from it, are of one exchange."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter

from ..exchange.agg_trades import WEIGHT, AggTrades
from ..exchange.backoff import backoff
from ..exchange.messages import AggTrade
from ..exchange.rest import Rest
from ..exchange.rest_errors import Refused, Unanswered
from .id_witness import IdVerdict, Outcome
from .inter_arrival import RETRY_WITHIN
from .reconnecting import ReconnectingTape
from .staleness import FORGOTTEN
from .symbol_log import SymbolLog
from .tape_ticks import newest_ticks
from .trade_recognition import Known, Recognition, is_near_newest, recognise, told

logger = logging.getLogger(__name__)

# Usual request weight of a check: five pages.
COST = 5 * WEIGHT

# Seconds until a tape or tick that was contradicted is checked again: the first pause, and the
# longest. It doubles each time. Whoever corrects a URL restarts the recorder, which checks at once.
CONTRADICTED_RETRY = 60.0
CONTRADICTED_RETRY_WITHIN = 3600.0

# Maximum number of doublings that are counted: any ceiling is reached before.
MOST_DOUBLINGS = 10

FOREIGN = (
    "nothing is stored: the tape belongs to another exchange. For a second "
    "tape, set another PRICETRACKER_HOME, or another database in "
    "DATABASE_URL."
)
UNANSWERED = (
    "the trade ids are far from those on the tape; nothing is stored until "
    "REST confirms that this is the same exchange."
)


class IdCheck:
    """Checks one symbol per turn, the one that has waited longest.

    questions: the tick in doubt of each symbol; written by another thread.
    hand_over: takes the verdict.
    reserve: request weight to leave to others. A turn that would use it does nothing.
    """

    def __init__(
        self,
        questions: dict[str, AggTrade],
        rest: Rest,
        tape: ReconnectingTape,
        *,
        hand_over: Callable[[IdVerdict], None],
        reserve: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._questions = questions
        self._rest = rest
        self._tape = tape
        self.hand_over = hand_over
        self.reserve = reserve
        self.clock = clock
        self._wall_clock = wall_clock
        self._waits = backoff(ceiling=RETRY_WITHIN)
        self._next_turn = clock()
        # When each symbol may be checked again, and when it was checked.
        self._retry_at: dict[str, float] = {}
        self._tried_at: dict[str, float] = {}
        # The tick of each symbol that was last found to be of this exchange, until the writer
        # knows.
        self._answered: dict[str, AggTrade] = {}
        # How often each symbol was contradicted in a row, and which tapes are of another exchange.
        self._contradicted: Counter[str] = Counter()
        self._foreign: dict[str, str] = {}
        # Symbols whose check has failed since the last log line about it.
        self._failed: dict[str, None] = {}
        self._foreign_log = SymbolLog(clock)
        self._failed_log = SymbolLog(clock)

    def turn(self) -> bool:
        """Check a symbol if one is due. Returns whether there was something to do.

        Raises Stopped, and one of AWAY when the database is unavailable.
        """
        now = self.clock()
        if not self._questions or now < self._next_turn:
            return False
        self._tell_foreign()
        due = [
            (self._tried_at.get(symbol, 0.0), symbol, tick)
            for symbol, tick in self._questions.copy().items()
            if self._is_due(symbol, tick, now)
        ]
        if not due or (self.reserve and self._rest.due_in(COST + self.reserve)):
            return False
        _, symbol, tick = min(due, key=itemgetter(0))
        self._tried_at[symbol] = now
        self._retry_at[symbol] = now + RETRY_WITHIN
        try:
            self.ask(symbol, tick)
        except Unanswered as error:
            if not isinstance(error, Refused):
                self._next_turn = now + next(self._waits)
            self._failed[symbol] = None
            self._tell_failed(str(error))
        else:
            self._waits = backoff(ceiling=RETRY_WITHIN)
        return True

    def _is_due(self, symbol: str, tick: AggTrade, now: float) -> bool:
        """Whether to check it now: at once if the tick in doubt is another one than last time."""
        answered = self._answered.get(symbol)
        is_new = answered is not None and answered is not tick
        return is_new or self._retry_at.get(symbol, now) <= now

    def ask(self, symbol: str, tick: AggTrade) -> None:
        self._answered.pop(symbol, None)
        ticks = self._tape.once(lambda tape: newest_ticks(tape, symbol, self._wall_clock()))
        tape = self._of_tape(symbol, ticks)
        if tape.known is Known.NO:
            self.refute(symbol, tick, ticks, tape.instead)
            return
        self._foreign.pop(symbol, None)
        stream = self._of_stream(symbol, tick) if tape.known is Known.YES else tape
        if stream.known is Known.UNSURE:
            raise Unanswered("Its history does not reach that far yet.")
        if stream.known is Known.NO:
            self._contradict(symbol)
            self.hand_over(IdVerdict(tick, Outcome.FOREIGN_TICK))
            return
        logger.info("%s: far from the tape's ids, but of the same exchange.", symbol)
        self.found(symbol, tick, Outcome.KNOWN)

    def refute(
        self, symbol: str, tick: AggTrade, ticks: Sequence[AggTrade], instead: AggTrade | None
    ) -> None:
        """The exchange does not know the newest ticks of the tape, but has another one instead.

        A single tick is no sign of another exchange when this one knows the stream's.
        """
        if len(ticks) == 1:
            stream = self._of_stream(symbol, tick)
            if stream.known is Known.UNSURE:
                raise Unanswered("Its history does not reach that far yet.")
            if stream.known is Known.YES:
                self._foreign.pop(symbol, None)
                self.found(symbol, tick, Outcome.STRAY)
                return
        if instead is not None:
            theirs, ours = told(instead), told(ticks[-1])
            self._foreign[symbol] = (
                f"For {symbol} the tape has trade {ours}, this exchange {theirs}."
            )
            self._tell_foreign()
        self._contradict(symbol)
        self.hand_over(IdVerdict(tick, Outcome.FOREIGN_TAPE))

    def found(self, symbol: str, tick: AggTrade, outcome: Outcome) -> None:
        """The stream's tick is of this exchange: it is not asked for again until the writer has
        seen it.
        """
        self._contradicted.pop(symbol, None)
        self._answered[symbol] = tick
        self._retry_at[symbol] = self.clock() + FORGOTTEN
        self.hand_over(IdVerdict(tick, outcome))

    def _of_tape(self, symbol: str, ticks: Sequence[AggTrade]) -> Recognition:
        """Whether the exchange knows the newest ticks of the tape."""
        if not ticks:
            # Nothing is there that could be mixed with something else.
            return Recognition(Known.YES)
        return recognise(AggTrades(self._rest, symbol), ticks)

    def _of_stream(self, symbol: str, tick: AggTrade) -> Recognition:
        agg_trades = AggTrades(self._rest, symbol)
        if is_near_newest(agg_trades, tick):
            return Recognition(Known.YES)
        return recognise(agg_trades, [tick])

    def _contradict(self, symbol: str) -> None:
        wait = CONTRADICTED_RETRY * 2.0 ** self._contradicted[symbol]
        self._retry_at[symbol] = self.clock() + min(wait, CONTRADICTED_RETRY_WITHIN)
        self._contradicted[symbol] = min(self._contradicted[symbol] + 1, MOST_DOUBLINGS)

    def _tell_failed(self, why: str) -> None:
        if names := self._failed_log.due(self._failed):
            logger.error("%s: %s %s", names, UNANSWERED, why)
            self._failed.clear()

    def _tell_foreign(self) -> None:
        if names := self._foreign_log.due(self._foreign):
            logger.error("%s: %s %s", names, FOREIGN, [*self._foreign.values()][-1])
