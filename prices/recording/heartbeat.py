"""The recorder's heartbeat: the watermarks of its symbols, and when they are withdrawn."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..minutes import EPOCH
from .buffer import LARGEST_BATCH
from .event_lag import EventLag
from .reconnecting import ReconnectingTape
from .staleness import Staleness
from .staleness_check import CheckResult
from .tape import Hole, Newest, Tape
from .watermark import Watermark

logger = logging.getLogger(__name__)

# Seconds between two heartbeats.
BEAT = 1.0

# Seconds for which a connection counts as open after the exchange last sent something. It pings
# every 20.
LINE_COUNTS_FOR = 30.0

# Seconds by which the wall clock may run ahead of the monotonic one between two heartbeats. If it
# does by more, this computer slept, or its clock was set: nobody has seen what was traded
# meanwhile.
LEAP = 5.0


class Heartbeat:
    """`renew` asks for a new connection in place of one that is not to be trusted, with the
    reason.
    """

    def __init__(
        self,
        tape: ReconnectingTape,
        staleness: Staleness,
        *,
        renew: Callable[[str], None],
        clock: Callable[[], float],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._tape = tape
        self._staleness = staleness
        self.renew = renew
        self.clock = clock
        self.wall_clock = wall_clock
        self._watermark = Watermark()
        # How often something of any symbol may have been missed, and how often of one alone.
        self.breaks = 0
        self._stumbles: Counter[str] = Counter()
        # Symbols with a bad frame, or one that contradicted the tape, and no good one since.
        self._stumbled: set[str] = set()
        self._event_lag = EventLag()
        # The symbol of the newest event, and when it was taken over, while the feed is late.
        self._behind: tuple[str, float] | None = None
        self._beat_at, self._beat_at_by_wall = clock(), wall_clock()
        # Symbols whose heartbeat is on the tape and has not been withdrawn.
        self._claimed: set[str] = set()
        # Gaps that checks have revealed.
        self.gaps_opened = 0
        tape.returned = self.start_over

    def breaks_of(self, symbol: str) -> int:
        """How often trades of a symbol may have been missed so far. For any thread."""
        return self.breaks + self._stumbles[symbol]

    def start_over(self) -> None:
        """Nothing that is on the tape is known any more: the next ticks or checks must prove it."""
        self.breaks += 1
        self._watermark.lose()
        self._staleness.unsettle()

    def fall_silent(self) -> None:
        """A trade may be missing unnoticed: withdraw every watermark until the symbol's next
        tick.
        """
        self.breaks += 1
        self._watermark.lose()
        self._take_back()

    def stumble(self, symbol: str) -> None:
        """A trade of one symbol may be missing unnoticed: withdraw its watermark until its next
        tick or check.
        """
        self._stumbles[symbol] += 1
        self._stumbled.add(symbol)
        self._watermark.doubt(symbol)
        self._staleness.unsettle([symbol])
        self._take_back({symbol})

    def hear(self, symbols: set[str], sent: int, taken: float) -> None:
        """Ticks were stored before which nothing can be missing unnoticed. As in `Watermark`."""
        self._stumbled -= symbols
        self._watermark.hear(symbols, sent, taken)

    def measure(self, sent: Mapping[str, int], last: str, taken: float) -> set[str]:
        """Which symbols' newest events came too late: later ones may be on their way.

        `sent`: when they were sent, in microseconds, by symbol; `last` is that of the newest one.
        When that is late the whole feed is, and nothing is vouched for until it has caught up.
        """
        self._event_lag.add(sent[last], taken)
        late = self._event_lag.late(sent, taken)
        if late:
            for symbol in late:
                self._watermark.doubt(symbol)
            self._staleness.unsettle(late)
            self._take_back(late)
        if last in late and self._behind is None:
            logger.warning(
                "The feed is %.0f s late: nothing is vouched for until it has caught up.",
                self._event_lag.of(sent[last], taken),
            )
        self._behind = (last, taken) if last in late else None
        return late

    def connected(self, *, joined: bool) -> None:
        """Another connection delivers; `joined`: it took over without a break."""
        if joined:
            self._event_lag.handed_over()
            return
        self._event_lag.forget()
        self._behind = None

    def judge(self, looked: CheckResult) -> None:
        """Compare the exchange's answer about a stale symbol with the tape.

        The tape has everything that had been received by then.
        """
        symbol = looked.symbol
        self._event_lag.told(looked.last_trade.now, looked.taken)
        newest = self._tape.insist(lambda tape: tape.newest(symbol))
        if newest is None:
            # There is no tape yet that could be called complete.
            self._staleness.looked(symbol, looked.taken)
            return
        if looked.proven > newest.last:
            self._note(looked, newest)
        if self._is_passed(looked, newest):
            # All that was traded by then is on the tape, or known to be missing.
            self._stumbled.discard(symbol)
            if self._behind is not None and self._behind[0] == symbol:
                # Nothing has been traded since the event that came late.
                self._behind = None
            self._watermark.join(symbol, looked.last_trade.now, looked.taken)
            self._staleness.looked(symbol, looked.taken)
            return
        self._staleness.failed(symbol, self.clock())
        if looked.last_trade.last > newest.last:
            self._doubt(symbol)
            if self._is_mute(looked, newest):
                self.renew(f"{symbol} is stale, but the exchange has traded it.")

    def _is_mute(self, looked: CheckResult, newest: Newest) -> bool:
        """The exchange has traded the symbol since the connection was opened, and no frame of it
        came.

        Not even a bad one.
        """
        if looked.symbol in self._stumbled or looked.last_trade.last <= newest.last:
            return False
        return not looked.is_old(self._staleness.connected_at)

    def _is_passed(self, looked: CheckResult, newest: Newest) -> bool:
        if looked.breaks != self.breaks_of(looked.symbol) or self._is_mute(looked, newest):
            return False
        # An answer that lags behind the tape says nothing of what may be missing after that.
        return newest.last <= looked.last_trade.last <= max(newest.last, looked.proven)

    def _note(self, looked: CheckResult, newest: Newest) -> None:
        traded = max(EPOCH + timedelta(microseconds=looked.last_trade.traded), newest.traded)
        hole = Hole(newest.last + 1, looked.proven, newest.traded, traded)
        self.gaps_opened += self._tape.insist(lambda tape: tape.note(looked.symbol, [hole]))

    def _doubt(self, symbol: str) -> None:
        self._watermark.doubt(symbol)
        self._take_back({symbol})

    def beat(self, heard: float | None, waiting: int, lag: timedelta | None) -> None:
        """Write the watermarks, or withdraw them, once per second.

        `waiting` events are not stored yet; `lag` is the newest commit's.
        """
        now = self.clock()
        if now - self._beat_at < BEAT:
            return
        if self._leapt(now):
            self.fall_silent()
            self._staleness.unsettle()
        if heard is None:
            self.fall_silent()
            return
        trusted = self._trusted(now)
        is_behind = waiting > LARGEST_BATCH or self._behind is not None
        if now - heard > LINE_COUNTS_FOR or is_behind or not trusted:
            # The connection may be dead, or late, or what was received is far from stored. Each may
            # pass.
            self._take_back()
            return
        self._take_back(self._claimed - trusted)
        # Nothing is claimed of what still waits in the buffer.
        heard = self._watermark.taken if waiting else heard
        through = self._watermark.through(heard, self._exchange_time(self._watermark.heard(heard)))
        known = self._exchange_time(now)
        self._tape.attempt(lambda tape: self.claim(tape, instant(through), instant(known), lag))

    def claim(self, tape: Tape, through: datetime, known: datetime, lag: timedelta | None) -> None:
        # The symbols are chosen when the database is there: on its return there are none.
        trusted = self._trusted(self.clock())
        self._claimed |= trusted
        tape.heartbeat(trusted, through, lag, known)

    def _exchange_time(self, at: float) -> int:
        """What the exchange's clock is known to have shown at a past moment, in microseconds.

        Our own clock tells it as long as no two events have.
        """
        known = self._event_lag.exchange_time(at)
        ours = self.wall_clock() - (self.clock() - at)
        return round(ours * 1_000_000) if known is None else known

    def _leapt(self, now: float) -> bool:
        """Whether the wall clock ran ahead of the monotonic one since the last heartbeat.

        The monotonic one stands still while a computer sleeps.
        """
        by_wall = self.wall_clock()
        ahead = (by_wall - self._beat_at_by_wall) - (now - self._beat_at)
        self._beat_at, self._beat_at_by_wall = now, by_wall
        if ahead <= LEAP:
            return False
        logger.warning(
            "The system clock jumped %.0f s ahead (sleep or a clock change): "
            "watermarks are withdrawn until the next ticks or checks.",
            ahead,
        )
        return True

    def _trusted(self, now: float) -> set[str]:
        return {
            symbol for symbol in self._watermark.symbols if self._staleness.trusted(symbol, now)
        }

    def _take_back(self, symbols: set[str] | None = None) -> None:
        """Withdraw the watermarks of these symbols, or of all.

        What cannot be written is written with the next heartbeat.
        """
        symbols = self._claimed if symbols is None else symbols & self._claimed
        if symbols and self._tape.attempt(lambda tape: tape.silence(symbols)):
            self._claimed -= symbols


def instant(time: int) -> datetime:
    return EPOCH + timedelta(microseconds=time)
