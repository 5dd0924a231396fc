"""Refuses ticks whose trade times do not fit those of their neighbours by trade id."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from operator import attrgetter, sub
from typing import NamedTuple

from ..exchange.event_times import STEP_BACK, iso, out_of_line
from ..exchange.messages import AggTrade, all_micros, micros
from ..minutes import EPOCH
from ..sql import statement
from .exchange_clock import ExchangeClock
from .reconnecting import ReconnectingTape
from .tape import Tape

logger = logging.getLogger(__name__)

NEIGHBOURS = statement("read/neighbours")


class Refused(NamedTuple):
    """A tick with an impossible time, and the reason."""

    tick: AggTrade
    reason: str


class Times:
    """Checks all ticks of the streams before they are stored. Times: microseconds since 1970."""

    def __init__(self, tape: ReconnectingTape) -> None:
        self._tape = tape
        self.clock = ExchangeClock()
        # Ticks that are ahead of the exchange's clock as it is known: nothing else shows that time.
        # On the tape they would prove that no trade is missing up to an instant to come.
        self.held: list[AggTrade] = []
        # The last trade id of each symbol, and its time; None for one without a tape.
        self.newest: dict[str, tuple[int, int] | None] = {}

    def forget(self) -> None:
        """The tape may be another one, or may have lost ticks: read it again."""
        self.newest.clear()

    def sift(
        self, ticks: list[AggTrade], taken: float, ours: int
    ) -> tuple[list[AggTrade], list[Refused]]:
        """The ticks with possible times, in their order, and the others.

        Those in `held` are in neither, until another event or the time that passes confirms them.

        taken: when they were taken from the buffer, in seconds, monotonic.
        ours: what our own clock showed then, in microseconds since 1970.
        """
        refused: list[Refused] = []
        if ticks:
            sent = all_micros([tick.sent for tick in ticks])
            believed = self.clock.believed(sent, taken, ours)
            if believed is not None:
                refused = [
                    Refused(tick, ahead(tick.sent))
                    for tick, is_believed in zip(ticks, believed, strict=True)
                    if not is_believed
                ]
                ticks = [tick for tick, is_so in zip(ticks, believed, strict=True) if is_so]
            if self.held or max(sent) > self._latest(taken, ours):
                ticks = self._hold(ticks, taken, ours)
        elif self.held:
            ticks = self._hold(ticks, taken, ours)
        firsts = {tick.symbol: tick for tick in reversed(ticks)}
        if ticks and not (in_order(ticks) and all(map(self._follows, firsts.values()))):
            latest = self.clock.now(taken, ours)
            astray = [lost for symbol in firsts for lost in self.astray(symbol, ticks, latest)]
            refused += astray
            lost = {id(found.tick) for found in astray}
            ticks = [tick for tick in ticks if id(tick) not in lost]
        self._remember(ticks)
        return ticks, refused

    def _hold(self, ticks: list[AggTrade], taken: float, ours: int) -> list[AggTrade]:
        """Hold what is too far ahead now. Returns the others, with those that no longer are."""
        limit = self._latest(taken, ours)
        ticks = self.held + ticks
        self.held = [tick for tick in ticks if micros(tick.traded) > limit]
        return [tick for tick in ticks if micros(tick.traded) <= limit]

    def _latest(self, taken: float, ours: int) -> int:
        """The latest trade time that is stored at once.

        Either clock may be behind: ours is in a replay of the past. Times may step back by as much
        as is added, so a tick proves no more than that anyway.
        """
        return max(self.clock.now(taken, ours), ours) + STEP_BACK

    def give_up(self) -> list[Refused]:
        """Nothing more comes that could confirm what is held: refuse it."""
        held, self.held = self.held, []
        return [Refused(tick, ahead(tick.traded)) for tick in held]

    def _follows(self, tick: AggTrade) -> bool:
        """Whether it comes after the newest tick of its symbol, by id and by time."""
        newest = self.newest_of(tick.symbol)
        traded = micros(tick.traded)
        return newest is None or (newest[0] < tick.first and newest[1] - STEP_BACK <= traded)

    def newest_of(self, symbol: str) -> tuple[int, int] | None:
        if symbol not in self.newest:
            found = self._tape.insist(lambda tape: tape.newest(symbol))
            self.newest[symbol] = (found.last, since_1970(found.traded)) if found else None
        return self.newest[symbol]

    def _remember(self, ticks: Iterable[AggTrade]) -> None:
        for tick in {tick.symbol: tick for tick in ticks}.values():
            newest = self.newest_of(tick.symbol)
            if newest is None or newest[0] < tick.last:
                self.newest[tick.symbol] = (tick.last, micros(tick.traded))

    def astray(self, symbol: str, ticks: Iterable[AggTrade], latest: int) -> list[Refused]:
        """The ticks of one symbol that fit neither each other nor their neighbours on the tape.

        latest: neighbours with later times are not trusted.
        """
        newest = self.newest_of(symbol)
        ours = sorted((tick for tick in ticks if tick.symbol == symbol), key=attrgetter("first"))
        late = [tick for tick in ours if newest and tick.first <= newest[0]]
        before = newest[1] if newest else None
        if before is not None and before > latest + STEP_BACK:
            logger.warning(
                "%s: the newest tick on the tape is dated %s, which is in the future. "
                "Run manage.py verify_prices to see what to do.",
                symbol,
                iso(before),
            )
        found = misfits(ours[len(late) :], before, None, latest)
        for run in runs(late):
            found += self._tape.insist(partial(among_neighbours, ticks=run, latest=latest))
        return found


def ahead(time: int) -> str:
    return f"its time {iso(micros(time))} is ahead of all clocks"


def sift_rows(tape: Tape, ticks: Sequence[AggTrade], latest: int) -> list[Refused]:
    """The ticks with impossible times among those of one symbol, in order of trade id.

    latest: the latest possible time, in microseconds since 1970. Raises one of AWAY when the
    database is unavailable.
    """
    present = [tick for tick in ticks if micros(tick.traded) <= latest]
    return [*future(ticks, latest), *among_neighbours(tape, present, latest)]


def future(ticks: Iterable[AggTrade], latest: int) -> list[Refused]:
    """The ticks with times later than `latest`, in microseconds since 1970."""
    return [
        Refused(tick, f"{iso(micros(tick.traded))} is in the future")
        for tick in ticks
        if micros(tick.traded) > latest
    ]


def among_neighbours(tape: Tape, ticks: Sequence[AggTrade], latest: int) -> list[Refused]:
    """The ticks of one symbol that do not fit between the stored ticks on either side."""
    if not ticks:
        return []
    number = tape.numbers[ticks[0].symbol]
    span = {
        "symbol": number,
        "first": ticks[0].first,
        "last": ticks[-1].last,
    }
    ((before, after),) = tape.database.execute(NEIGHBOURS, span).fetchall()
    return misfits(
        ticks,
        None if before is None else since_1970(before),
        None if after is None else since_1970(after),
        latest,
    )


def misfits(
    ticks: Sequence[AggTrade], before: int | None, after: int | None, latest: int
) -> list[Refused]:
    """The ticks that do not fit each other, or the stored ticks at `before` and `after`.

    A stored tick that is later than `latest`, or out of order with the other one, is ignored: older
    versions stored ticks without checking their times.
    """
    before, after = (
        None if time is None or time > latest + STEP_BACK else time for time in (before, after)
    )
    if before is not None and after is not None and before > after + STEP_BACK:
        before = after = None
    times = all_micros([tick.traded for tick in ticks])
    return [
        Refused(ticks[n], f"{iso(times[n])} is not between the times of its neighbours")
        for n in out_of_line(times, before, after)
    ]


def in_order(ticks: Sequence[AggTrade]) -> bool:
    """Whether no trade time steps back by more than STEP_BACK, over all symbols."""
    traded = all_micros([tick.traded for tick in ticks])
    if traded == sorted(traded):
        # Nearly always, and seen at a tenth of the cost.
        return True
    behind: int = max(map(sub, accumulate(traded, max), traded))
    return behind <= STEP_BACK


def runs(ticks: Iterable[AggTrade]) -> list[list[AggTrade]]:
    """Group ticks, in order of trade id, into runs without a missing trade."""
    found: list[list[AggTrade]] = []
    for tick in ticks:
        if found and found[-1][-1].last + 1 >= tick.first:
            found[-1].append(tick)
        else:
            found.append([tick])
    return found


def since_1970(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - EPOCH) // timedelta(microseconds=1)
