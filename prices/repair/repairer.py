"""Takes the most useful gap, requests one page of trades, and stores those that were missing."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum

from ..exchange.agg_trades import ROWS, WEIGHT, AggTradeRow, AggTrades, Page
from ..exchange.backoff import backoff
from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.locate import page_before, void
from ..exchange.messages import MAX_TRADE_ID
from ..exchange.rest import Rest
from ..exchange.rest_errors import Refused, Unanswered
from ..minutes import EPOCH, MICROSECOND
from ..recording.reconnecting import ReconnectingTape
from ..recording.symbol_log import RepeatedReason
from ..recording.tape import Stored
from ..recording.trade_times import sift_rows
from .open_gaps import Missing, OpenGap, Reason, left_of, missing, next_gap, pruned, reasons
from .schedule import BEHIND, UNANSWERED, WITHHELD, Schedule

logger = logging.getLogger(__name__)


class Turn(Enum):
    """The result of one attempt at one gap."""

    FILLING = "more to fetch"
    FILLED = "nothing of it is missing"
    BEHIND = "REST does not have these trades yet"
    WITHHELD = "the exchange does not return these trades"
    UNANSWERED = "REST did not answer"


CEILINGS = {Turn.BEHIND: BEHIND, Turn.WITHHELD: WITHHELD}


class Repairer:
    """Repairs the gaps of some symbols.

    Every method raises one of `recording.tape.AWAY` when the database is unavailable. `ticks`
    counts what was stored, and `filled` is called for each page that was. `reserve` is the request
    weight that is left to other users of the same rate limit: rather than use it up, a turn does
    nothing. `largest` is the largest gap that is repaired, in trades. `retry_within` is the maximum
    number of seconds between two attempts while REST does not answer.
    """

    def __init__(
        self,
        tape: ReconnectingTape,
        rest: Rest,
        symbols: Sequence[str],
        *,
        rows: int = ROWS,
        filled: Callable[[Stored], object] = lambda stored: None,
        reserve: int = 0,
        largest: int = MAX_TRADE_ID,
        retry_within: float = UNANSWERED,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._tape = tape
        self._rest = rest
        self.symbols = symbols
        self.rows = rows
        self.filled = filled
        self._reserve = reserve
        self._largest = largest
        self.clock = clock
        self._wall_clock = wall_clock
        self.retry_within = retry_within
        self._told = RepeatedReason(clock)
        self._schedule = Schedule()
        # Where the walk through a gap of many pages continues: at the last row of the previous
        # page.
        self._places: dict[int, AggTradeRow] = {}
        self._waits = backoff(ceiling=retry_within)
        self.pause_until = clock()
        self.ticks = 0

    def turn(self) -> Turn | None:
        """One page for one gap. None when there is nothing to do now.

        Raises Stopped while waiting for the rate limit.
        """
        now = self.clock()
        if now < self.pause_until or (self._reserve and self._rest.due_in(WEIGHT + self._reserve)):
            return None
        resting = self._schedule.resting(now)
        gap = self._tape.once(
            lambda tape: next_gap(tape.database, self.symbols, resting, self.rows, self._largest)
        )
        return self._mend(gap) if gap else None

    def _mend(self, gap: OpenGap) -> Turn:
        try:
            page = self._page(gap)
        except Refused as error:
            self._tape.once(lambda tape: tape.tried(gap.id))
            return self._postpone([gap.id], str(error), Turn.WITHHELD)
        except Unanswered as error:
            return self._pause(gap, str(error))
        self._waits = backoff(ceiling=self.retry_within)
        self._told.over()
        self._tape.once(lambda tape: tape.tried(gap.id))
        page = self._sifted(gap, page)
        if page.ticks:
            stored = self._tape.once(lambda tape: tape.fill(gap.symbol, page.ticks))
            self.ticks += stored.ticks
            self.filled(stored)
        for first, last in void(page):
            self._rule_out(gap.symbol, first, last)
        return self._go_on(gap, page) if page.last < gap.last else self._leave(gap, page)

    def _sifted(self, gap: OpenGap, page: Page) -> Page:
        """The page without the ticks whose times cannot be right."""
        latest = int(self._wall_clock() * 1_000_000) + AHEAD_OF_OURS
        refused = self._tape.once(lambda tape: sift_rows(tape, page.ticks, latest))
        if not refused:
            return page
        lost = {id(found.tick) for found in refused}
        tick, reason = refused[0]
        nonsense = f"Trade {tick.first} is invalid: {reason}."
        logger.warning("%s: %s (%d in total from REST)", gap.symbol, nonsense, len(refused))
        ticks = [tick for tick in page.ticks if id(tick) not in lost]
        return replace(page, ticks=ticks, nonsense=nonsense)

    def _page(self, gap: OpenGap) -> Page:
        agg_trades = AggTrades(self._rest, gap.symbol, self.rows)
        if (place := self._places.get(gap.id)) is not None:
            # That row once more: a row proves only beside its neighbour that nothing lies between.
            page = agg_trades.onward(place.number)
            if place in page.rows:
                return page
        return page_before(agg_trades, gap.first, (gap.starts - EPOCH) // MICROSECOND)

    def _rule_out(self, symbol: str, first: int, last: int) -> None:
        closed = self._tape.once(lambda tape: tape.void(symbol, first, last))
        if closed:
            self.filled(Stored(0, gaps_opened=0, gaps_closed=closed))
            logger.info("%s: trades %d to %d never existed on the exchange.", symbol, first, last)

    def _go_on(self, gap: OpenGap, page: Page) -> Turn:
        """The page ends before the gap does: more follows, or will follow later."""
        place = self._place_after(gap, page) if page.full else None
        if place is None:
            return self._postpone([gap.id], "REST does not have these trades yet.", Turn.BEHIND)
        self._places[gap.id] = place
        return Turn.FILLING

    def _place_after(self, gap: OpenGap, page: Page) -> AggTradeRow | None:
        """Where to continue: at the last trade of the page, or at its last row; None when
        neither works.
        """
        known = self._places.get(gap.id)
        trades = [row for row in page.rows if not row.is_tombstone]
        return next((row for row in (*trades[-1:], page.rows[-1]) if row != known), None)

    def _leave(self, gap: OpenGap, page: Page) -> Turn:
        """The page extends beyond the gap: what is missing still will not come."""
        self._places.pop(gap.id, None)
        left = self._tape.once(lambda tape: left_of(tape.database, gap))
        if left:
            why = f"The exchange does not return these trades. {page.nonsense or ''}".rstrip()
            return self._postpone(left, why, Turn.WITHHELD)
        self._schedule.forget(gap.id)
        return Turn.FILLED

    def _postpone(self, gaps: list[int], error: str, turn: Turn) -> Turn:
        for gap in gaps:
            self._tape.once(lambda tape: tape.failed(gap, error))  # noqa: B023 - called at once
            ceiling = CEILINGS.get(turn, self.retry_within)
            self._schedule.postpone(gap, ceiling, self.clock())
        return turn

    def _pause(self, gap: OpenGap, error: str) -> Turn:
        self._tape.once(lambda tape: tape.tried(gap.id))
        # Other gaps have their turn first: perhaps only this one gets no answer.
        self._postpone([gap.id], error, Turn.UNANSWERED)
        wait = next(self._waits)
        self.pause_until = self.clock() + wait
        due = max(wait, self._rest.due_in(WEIGHT))
        if self._told.due(error):
            logger.warning(
                "Missing trades cannot be fetched: %s Next attempt in %.1f s.", error, due
            )
        return Turn.UNANSWERED

    def missing(self) -> Missing:
        return self._tape.once(lambda tape: missing(tape.database, self.symbols))

    def repairable(self) -> int:
        """How many open gaps may still be repaired."""
        return len(self.missing().gaps - self._schedule.postponed(WITHHELD))

    def pruned(self) -> int:
        """How many gaps are open in the pruned part of the tape, which nobody repairs."""
        return self._tape.once(lambda tape: pruned(tape.database, self.symbols))

    def reasons(self, limit: int) -> list[Reason]:
        """Some of the gaps that are still open, and why."""
        return self._tape.once(lambda tape: reasons(tape.database, self.symbols, limit))
