"""Takes the most useful gap, requests one page of trades, and stores those that were missing."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum

from ..exchange.agg_trades import ROWS, WEIGHT, AggTradeRow, AggTrades, Page
from ..exchange.backoff import backoff
from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.locate import page_before, void
from ..exchange.rest import Refused, Rest, Unanswered
from ..minutes import EPOCH
from ..recording.reconnecting import ReconnectingTape
from ..recording.tape import Stored
from ..recording.trade_times import sift_rows
from .open_gaps import Missing, OpenGap, Reason, left_of, missing, next_gap, pruned, reasons
from .schedule import BEHIND, UNANSWERED, WITHHELD, Schedule

logger = logging.getLogger(__name__)

MICROSECOND = timedelta(microseconds=1)


class Turn(Enum):
    """The result of one attempt at one gap."""

    FILLING = "more to fetch"
    FILLED = "nothing of it is missing"
    BEHIND = "REST does not have these trades yet"
    WITHHELD = "the exchange does not return these trades"
    UNANSWERED = "REST did not answer"


CEILINGS = {Turn.BEHIND: BEHIND, Turn.UNANSWERED: UNANSWERED, Turn.WITHHELD: WITHHELD}


class Repairer:
    """Repairs the gaps of some symbols.

    Every method raises one of `recording.tape.AWAY` when the database is unavailable. `ticks`
    counts what was stored, and `filled` is called for each page that was. `reserve` is the request
    weight that is left to other users of the same rate limit: rather than use it up, a turn does
    nothing.
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
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.tape = tape
        self.rest = rest
        self.symbols = symbols
        self.rows = rows
        self.filled = filled
        self.reserve = reserve
        self.clock = clock
        self.wall_clock = wall_clock
        self.schedule = Schedule()
        # Where the walk through a gap of many pages continues: at the last row of the previous
        # page.
        self.places: dict[int, AggTradeRow] = {}
        self.waits = backoff(ceiling=UNANSWERED)
        self.pause_until = clock()
        self.ticks = 0

    def turn(self) -> Turn | None:
        """One page for one gap. None when there is nothing to do now.

        Raises Stopped while waiting for the rate limit.
        """
        now = self.clock()
        if now < self.pause_until or (self.reserve and self.rest.due_in(WEIGHT + self.reserve)):
            return None
        resting = self.schedule.resting(now)
        gap = self.tape.once(lambda tape: next_gap(tape.database, self.symbols, resting, self.rows))
        return self.mend(gap) if gap else None

    def mend(self, gap: OpenGap) -> Turn:
        try:
            page = self.page(gap)
        except Refused as error:
            self.tape.once(lambda tape: tape.tried(gap.id))
            return self.postpone([gap.id], str(error), Turn.WITHHELD)
        except Unanswered as error:
            return self.pause(gap, str(error))
        self.waits = backoff(ceiling=UNANSWERED)
        self.tape.once(lambda tape: tape.tried(gap.id))
        page = self.sifted(gap, page)
        if page.ticks:
            stored = self.tape.once(lambda tape: tape.fill(gap.symbol, page.ticks))
            self.ticks += stored.ticks
            self.filled(stored)
        for first, last in void(page):
            self.rule_out(gap.symbol, first, last)
        return self.go_on(gap, page) if page.last < gap.last else self.leave(gap, page)

    def sifted(self, gap: OpenGap, page: Page) -> Page:
        """The page without the ticks whose times cannot be right."""
        latest = int(self.wall_clock() * 1_000_000) + AHEAD_OF_OURS
        refused = self.tape.once(lambda tape: sift_rows(tape, page.ticks, latest))
        if not refused:
            return page
        lost = {id(found.tick) for found in refused}
        tick, reason = refused[0]
        nonsense = f"Trade {tick.first} is invalid: {reason}."
        logger.warning("%s: %s (%d in total from REST)", gap.symbol, nonsense, len(refused))
        ticks = [tick for tick in page.ticks if id(tick) not in lost]
        return replace(page, ticks=ticks, nonsense=nonsense)

    def page(self, gap: OpenGap) -> Page:
        agg_trades = AggTrades(self.rest, gap.symbol, self.rows)
        if (place := self.places.get(gap.id)) is not None:
            # That row once more: a row proves only beside its neighbour that nothing lies between.
            page = agg_trades.onward(place.number)
            if place in page.rows:
                return page
        return page_before(agg_trades, gap.first, (gap.starts - EPOCH) // MICROSECOND)

    def rule_out(self, symbol: str, first: int, last: int) -> None:
        closed = self.tape.once(lambda tape: tape.void(symbol, first, last))
        if closed:
            self.filled(Stored(0, gaps_opened=0, gaps_closed=closed))
            logger.info("%s: trades %d to %d never existed on the exchange.", symbol, first, last)

    def go_on(self, gap: OpenGap, page: Page) -> Turn:
        """The page ends before the gap does: more follows, or will follow later."""
        place = self.place_after(gap, page) if page.full else None
        if place is None:
            return self.postpone([gap.id], "REST does not have these trades yet.", Turn.BEHIND)
        self.places[gap.id] = place
        return Turn.FILLING

    def place_after(self, gap: OpenGap, page: Page) -> AggTradeRow | None:
        """Where to continue: at the last trade of the page, or at its last row; None when
        neither works.
        """
        known = self.places.get(gap.id)
        trades = [row for row in page.rows if not row.is_tombstone]
        return next((row for row in (*trades[-1:], page.rows[-1]) if row != known), None)

    def leave(self, gap: OpenGap, page: Page) -> Turn:
        """The page extends beyond the gap: what is missing still will not come."""
        self.places.pop(gap.id, None)
        left = self.tape.once(lambda tape: left_of(tape.database, gap))
        if left:
            why = f"The exchange does not return these trades. {page.nonsense or ''}".rstrip()
            return self.postpone(left, why, Turn.WITHHELD)
        self.schedule.forget(gap.id)
        return Turn.FILLED

    def postpone(self, gaps: list[int], error: str, turn: Turn) -> Turn:
        for gap in gaps:
            self.tape.once(lambda tape: tape.failed(gap, error))  # noqa: B023 - called at once
            self.schedule.postpone(gap, CEILINGS[turn], self.clock())
        return turn

    def pause(self, gap: OpenGap, error: str) -> Turn:
        self.tape.once(lambda tape: tape.tried(gap.id))
        # Other gaps have their turn first: perhaps only this one gets no answer.
        self.postpone([gap.id], error, Turn.UNANSWERED)
        wait = next(self.waits)
        self.pause_until = self.clock() + wait
        due = max(wait, self.rest.due_in(WEIGHT))
        logger.warning("Missing trades cannot be fetched: %s Next attempt in %.1f s.", error, due)
        return Turn.UNANSWERED

    def missing(self) -> Missing:
        return self.tape.once(lambda tape: missing(tape.database, self.symbols))

    def repairable(self) -> int:
        """How many open gaps may still be repaired."""
        return len(self.missing().gaps - self.schedule.postponed(WITHHELD))

    def pruned(self) -> int:
        """How many gaps are open in the pruned part of the tape, which nobody repairs."""
        return self.tape.once(lambda tape: pruned(tape.database, self.symbols))

    def reasons(self, limit: int) -> list[Reason]:
        """Some of the gaps that are still open, and why."""
        return self.tape.once(lambda tape: reasons(tape.database, self.symbols, limit))
