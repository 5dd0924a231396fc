"""The writer: takes everything that is pending, commits it, and repeats."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from ..exchange.event_times import AHEAD_OF_OURS, iso
from ..exchange.messages import AggTrade, micros
from ..exchange.stream import Down, Event, Renewed, Up
from .bad_frames import BadFrames
from .buffer import Buffer
from .check_result import CheckResult
from .counters import Counters
from .frame_reader import FeedInterrupted, FrameReader, SymbolInterrupted
from .heartbeat import HEARTBEAT_INTERVAL, Heartbeat
from .id_witness import IdVerdict, IdWitness
from .lag_trend import LagTrend
from .reconnecting import ReconnectingTape
from .staleness import Staleness
from .status import Status
from .stored_counters import StoredCounters
from .trade_times import Refused, Times

logger = logging.getLogger(__name__)

# Why a tick was skipped that differs from the one stored under its trade id.
CONTRADICTED = (
    "the tape holds another trade with this id. Was the symbol relisted, or is this another market?"
)


class Writer:
    """Moves events from the buffer to the tape. The load determines the size of a batch.

    It ends when `finishing` is set and the buffer is empty.

    heard: returns when the exchange last sent something, by `clock`; None without a connection.
    renew: requests another connection, with the reason.
    asked_for: returns the symbols that a message asked for, by its id.
    witnessed: an `IdCheck` answers the questions of `id_witness`. Otherwise ticks are stored
    whatever their ids.
    counts_beside: returns the counts of the feed and of REST, by their names in `counter_names`.
    """

    def __init__(
        self,
        buffer: Buffer[Event | CheckResult | IdVerdict],
        symbols: Sequence[str],
        *,
        heard: Callable[[], float | None],
        tape: ReconnectingTape,
        status: Status,
        staleness: Staleness,
        renew: Callable[[str], None],
        asked_for: Callable[[object], Sequence[str]] = lambda id: (),
        witnessed: bool = False,
        counts_beside: Callable[[], Mapping[str, int]] = dict,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.buffer = buffer
        self._heard = heard
        self.tape = tape
        self._status = status
        self.staleness = staleness
        self.clock = clock
        self._wall_clock = wall_clock
        self.heartbeat = Heartbeat(tape, staleness, renew=renew, clock=clock, wall_clock=wall_clock)
        self.times = Times(tape)
        self.id_witness = IdWitness(tape, self.times) if witnessed else None
        tape.returned = self._start_over
        self.bad_frames = BadFrames(clock)
        self.frames = FrameReader(symbols, self.bad_frames, staleness, asked_for)
        self.lag = LagTrend(clock())
        # Lag of the newest commit.
        self._commit_lag: timedelta | None = None
        self.counters = Counters()
        self._counts_beside = counts_beside
        self._stored_counters = StoredCounters(tape, self.counts, clock)
        self.finishing = False

    def _start_over(self) -> None:
        """The database is back, and may be another one: forget what is known about the tape."""
        self.heartbeat.start_over()
        self.times.forget()
        if self.id_witness:
            self.id_witness.forget()

    def run(self) -> None:
        while not self.finishing or self.buffer:
            self.turn()
        self._refuse(self.times.give_up())
        self.bad_frames.tell()
        self.heartbeat.withdraw_all()
        self._stored_counters.store()
        self._status.end()

    def turn(self) -> None:
        # Before taking events: whatever was received by then is in the buffer by now.
        heard = self._heard()
        events = self.buffer.take(HEARTBEAT_INTERVAL)
        if events or self.times.held:
            self.write(events, taken=self.clock())
        self.bad_frames.tell()
        self._status.tell(self.counters, len(self.buffer), connected=heard is not None)
        self.heartbeat.beat(heard, len(self.buffer), self._commit_lag)
        self._stored_counters.store_if_due()

    def counts(self) -> dict[str, int]:
        """All counts since the start, as in `counter_names`."""
        counts = self.counters.by_name() | {"frames_refused": self.bad_frames.count}
        counts["gaps_opened"] += self.heartbeat.gaps_opened
        return counts | dict(self._counts_beside())

    def write(self, events: list[Event | CheckResult | IdVerdict], taken: float) -> None:
        ticks = self.frames.read_all(events)
        if ticks is None:
            ticks, heard = self.read_each(events, taken)
        else:
            heard = {tick.symbol for tick in ticks}
            self._count(ticks, taken)
        if ticks and self.id_witness:
            ticks, held = self.id_witness.sift(ticks)
            # Symbols of which nothing came since the last interruption.
            self.id_witness.interrupted(held - heard)
            heard -= held
            for symbol in held:
                self.heartbeat.interrupt(symbol)
            # The first tick of a tape may be a stray: the next one confirms it, or a check, which
            # is due soon.
            self.staleness.unsettle(heard & self.id_witness.unconfirmed)
            heard -= self.id_witness.unconfirmed
        if ticks or self.times.held:
            held_before = self.times.held
            ticks, refused = self.times.sift(ticks, taken, int(self._wall_clock() * 1_000_000))
            heard -= self._refuse(refused)
            for tick in self.times.held:
                heard.discard(tick.symbol)
                if tick not in held_before:
                    self.heartbeat.interrupt(tick.symbol)
        if self.buffer.dropped != self.counters.dropped:
            # Frames are missing somewhere in or near this batch.
            self.counters.dropped = self.buffer.dropped
            heard.clear()
            self.heartbeat.withdraw_all()
            self.staleness.unsettle()
            if self.id_witness:
                self.id_witness.interrupted()
        if ticks:
            self._store(ticks, heard, taken)
        # Check results last: now everything that came before them is on the tape.
        for event in events:
            if isinstance(event, CheckResult) and self._is_in_time(event, taken):
                self.heartbeat.judge(event)

    def _is_in_time(self, result: CheckResult, taken: float) -> bool:
        """Whether the times in the response of a check are possible; else the check has failed."""
        symbol, trade = result.symbol, result.last_trade
        limit = self.times.clock.limit(taken, int(self._wall_clock() * 1_000_000)) + AHEAD_OF_OURS
        if max(trade.now, trade.traded) <= limit:
            return True
        logger.warning(
            "%s: REST returned impossible times: now %s, last trade %s. The check has failed.",
            symbol,
            iso(trade.now),
            iso(trade.traded),
        )
        self.staleness.failed(symbol, self.clock())
        return False

    def _refuse(self, refused: Sequence[Refused]) -> set[str]:
        """Count refused ticks as bad frames. Returns their symbols. Their ids will become a gap."""
        for tick, reason in refused:
            self.bad_frames.add(f"{tick.symbol} {tick.first}".encode(), reason, [tick.symbol])
            self.heartbeat.interrupt(tick.symbol)
        return {tick.symbol for tick, _ in refused}

    def read_each(
        self, events: list[Event | CheckResult | IdVerdict], taken: float
    ) -> tuple[list[AggTrade], set[str]]:
        """The ticks among the events, and the symbols that were not interrupted after their last
        tick.
        """
        ticks: list[AggTrade] = []
        released: list[AggTrade] = []
        counted = 0
        heard: set[str] = set()
        for event in events:
            if self.id_witness and isinstance(event, IdVerdict):
                found, refused = self.id_witness.judge(event)
                released += found
                heard |= {tick.symbol for tick in found}
                heard -= self._refuse(refused)
            if isinstance(event, Up | Renewed):
                # The ticks before it belong to the previous connection.
                self._count(ticks[counted:], taken)
                counted = len(ticks)
            try:
                if (tick := self.read(event, taken)) is not None:
                    ticks.append(tick)
                    heard.add(tick.symbol)
            except SymbolInterrupted as interrupted:
                heard.discard(interrupted.symbol)
                self.heartbeat.interrupt(interrupted.symbol)
            except FeedInterrupted:
                heard.clear()
                self.heartbeat.withdraw_all()
                if self.id_witness:
                    self.id_witness.interrupted()
        self._count(ticks[counted:], taken)
        # Released ticks were counted when they were received.
        return released + ticks, heard

    def _count(self, ticks: Sequence[AggTrade], taken: float) -> None:
        if ticks:
            self.staleness.ticked(Counter([tick.symbol for tick in ticks]), taken)

    def _store(self, ticks: list[AggTrade], heard: set[str], taken: float) -> None:
        sent = micros(ticks[-1].sent)
        self._tell_lag(sent, taken)
        stored = self.tape.insist(lambda tape: tape.store(ticks))
        traded = timedelta(microseconds=micros(ticks[-1].traded))
        self._commit_lag = timedelta(seconds=self._wall_clock()) - traded
        self.counters.add(stored, len(ticks), sent)
        if stored.contradiction:
            self.bad_frames.add(stored.contradiction.encode(), CONTRADICTED, stored.contradicted)
            for symbol in stored.contradicted:
                self.heartbeat.interrupt(symbol)
        if len(ticks) > 1:
            self.heartbeat.show(micros(ticks[-2].sent), taken)
        newest = {tick.symbol: tick for tick in ticks}
        times = {symbol: micros(tick.sent) for symbol, tick in newest.items()}
        late = self.heartbeat.measure(times, ticks[-1].symbol, taken)
        if heard := heard.difference(stored.contradicted, late):
            self.heartbeat.hear(heard, sent, taken)

    def read(self, event: Event | CheckResult | IdVerdict, taken: float) -> AggTrade | None:
        """The tick in an event, if it is one.

        Raises FeedInterrupted, or SymbolInterrupted, when a trade may be missing there.
        """
        if isinstance(event, bytes):
            return self.frames.read(event)
        if isinstance(event, Renewed) and event.joined:
            self.staleness.handed_over(taken)
            self.heartbeat.connected(joined=True)
            return None
        if isinstance(event, Up | Renewed):
            self.staleness.connected(taken)
            self.heartbeat.connected(joined=False)
            self.times.clock.forget()
            raise FeedInterrupted
        if isinstance(event, Down):
            raise FeedInterrupted
        return None

    def _tell_lag(self, sent: int, taken: float) -> None:
        growth = self.lag.add(self._wall_clock() - sent / 1_000_000, taken)
        if growth is not None:
            logger.warning(
                "Feed lag is growing: +%.1f s over the last minutes; %d frames buffered.",
                growth,
                len(self.buffer),
            )
