"""Walks through missing trades page by page, newest or oldest first, and stores them."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from ..exchange.agg_trades import AggTrades, Page
from ..exchange.event_times import AHEAD_OF_OURS
from ..exchange.locate import page_before, void
from ..recording.reconnecting import ReconnectingTape
from ..recording.tape import Stored
from . import plausible_times
from .missing_spans import Missing
from .rest_range import Range, kept, micros
from .retries import Retries
from .tally import Tally

logger = logging.getLogger(__name__)

SOURCE = "rest"


class Stretch(NamedTuple):
    """Missing trades, and the numbers of the aggregates that hold them, and one on either side."""

    missing: Missing
    begins: int
    ends: int

    def pages(self, rows: int) -> int:
        return -(-(self.ends - self.begins) // (rows - 1))


class Walk:
    """The trades of one symbol within a range.

    step: called after each page with how many new ticks it had, and how many of the missing trades
    it covered. stopped: whether to end.
    """

    def __init__(
        self,
        tape: ReconnectingTape,
        trades: AggTrades,
        wanted: Range,
        *,
        start: datetime,
        step: Callable[[int, int], None] = lambda ticks, trades: None,
        retries: Retries,
        stopped: Callable[[], bool] = lambda: False,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._tape = tape
        self._trades = trades
        self._wanted = wanted
        self._start = start
        self._step = step
        self._stopped = stopped
        self._retries = retries
        # The first trade ids of the outer ticks of the last page: its neighbour has one of them,
        # too.
        self._edges: set[int] = set()
        self._wall_clock = wall_clock
        self.tally = Tally(trades.symbol)
        self.tally.reach(wanted.first, wanted.last)

    def stretch(self, missing: Missing) -> Stretch:
        """Where the exchange has some missing trades. Raises what `Rest.get` raises."""
        begins, ends = self._wanted.begins, self._wanted.ends
        if missing.first > self._wanted.first:
            hint = missing.before or self._start
            page = self._retries(lambda: page_before(self._trades, missing.first, micros(hint)))
            before = [row.number for row in kept(page) if row.first < missing.first]
            begins = max(before, default=begins)
        if missing.last < self._wanted.last and missing.after is not None:
            hint = missing.after
            page = self._retries(lambda: page_before(self._trades, missing.last, micros(hint)))
            after = [row.number for row in kept(page) if row.first > missing.last]
            ends = min(after, default=ends - 1) + 1
        return Stretch(missing, begins, max(ends, begins + 1))

    def run(self, stretch: Stretch, *, newest_first: bool) -> None:
        """Fetch and store what is missing. Raises what `Rest.get` raises."""
        # Each page ends with the first row of the next one: a row proves only beside its neighbour
        # that nothing lies between.
        starts = range(stretch.begins, stretch.ends, self._trades.rows - 1)
        for number in reversed(starts) if newest_first else starts:
            for page in self._pages(number, number + self._trades.rows - 1):
                self._take(page, stretch.missing)
            if self._stopped():
                return

    def _pages(self, number: int, before: int) -> Iterator[Page]:
        """The pages of some numbers; usually one, more where a number is used twice."""
        while not self._stopped():
            page = self._retries(lambda: self._trades.onward(number))  # noqa: B023 - called at once
            yield page
            if not page.full or not page.rows or not number <= page.rows[-1].number < before:
                return
            # The last number may be used once more.
            number = max(page.rows[-1].number, number + 1)

    def _take(self, page: Page, missing: Missing) -> None:
        """Store the missing trades of a page."""
        symbol = self._trades.symbol
        ticks = [
            tick
            for tick in page.ticks
            if missing.first <= tick.first
            and tick.last <= missing.last
            and tick.first not in self._edges
        ]
        self._edges = {tick.first for tick in (*ticks[:1], *ticks[-1:])}
        stored = Stored(0, 0, 0)
        if ticks:
            latest = int(self._wall_clock() * 1_000_000) + AHEAD_OF_OURS
            refused = self._tape.insist(lambda tape: plausible_times.sift(tape, ticks, latest))
            lost = {id(each.tick) for each in refused}
            fit = [tick for tick in ticks if id(tick) not in lost]
            self.tally.refused += len(refused)
            if refused:
                tick, reason = refused[0]
                logger.warning(
                    "%s: trade %d is not stored: %s (%d in total on this page)",
                    symbol,
                    tick.first,
                    reason,
                    len(refused),
                )
            if fit:
                stored = self._tape.insist(lambda tape: tape.store(fit, SOURCE))
                self.tally.add(len(fit), stored)
        for first, last in void(page):
            if self._tape.insist(lambda tape: tape.void(symbol, first, last)):  # noqa: B023 - at once
                logger.info("%s: trades %d to %d never existed.", symbol, first, last)
        covered = (ticks[-1].last - ticks[0].first + 1) if ticks else 0
        self._step(stored.ticks, covered)
