"""The heartbeat: writes the watermarks of a recorder, and withdraws them."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..minutes import EPOCH
from .buffer import LARGEST_BATCH
from .check_result import CheckResult
from .clock_leap import ClockLeap
from .event_lag import EventLag
from .reconnecting import ReconnectingTape
from .staleness import Staleness
from .tape import Hole, Newest, Tape
from .watermark import Watermark

logger = logging.getLogger(__name__)

# Seconds between two heartbeats.
HEARTBEAT_INTERVAL = 1.0

# Seconds for which a connection counts as alive after the exchange last sent something. It pings
# every 20.
CONNECTION_COUNTS_FOR = 30.0


class Heartbeat:
    """Used by the writer thread, except for `breaks_of`.

    renew: requests a new connection in place of one that is not to be trusted; takes the reason.
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
        # How often trades of all symbols may have been missed, and how often those of one.
        self.breaks = 0
        self._interruptions: Counter[str] = Counter()
        # Symbols that were interrupted by a bad frame or a contradiction, without a good tick
        # since.
        self._unheard: set[str] = set()
        self._event_lag = EventLag()
        # While the feed is late: the symbol of the newest event, and when it was taken.
        self._behind: tuple[str, float] | None = None
        self._beat_at = clock()
        self._leap = ClockLeap(lambda: self.clock(), lambda: self.wall_clock())
        # Symbols whose watermark was written and has not been withdrawn.
        self._claimed: set[str] = set()
        # Gaps that checks have revealed.
        self.gaps_opened = 0
        tape.returned = self.start_over

    def breaks_of(self, symbol: str) -> int:
        """How often trades of a symbol may have been missed. Any thread may call it."""
        return self.breaks + self._interruptions[symbol]

    def start_over(self) -> None:
        """The tape may be another one: withdraw all watermarks until the next ticks or checks."""
        self.breaks += 1
        self._watermark.lose()
        self._staleness.unsettle()

    def withdraw_all(self) -> None:
        """Trades of any symbol may be missing: withdraw each watermark until its next tick."""
        self.breaks += 1
        self._watermark.lose()
        self._withdraw()

    def interrupt(self, symbol: str) -> None:
        """Trades of one symbol may be missing: withdraw its watermark until a tick or check."""
        self._interruptions[symbol] += 1
        self._unheard.add(symbol)
        self._watermark.doubt(symbol)
        self._staleness.unsettle([symbol])
        self._withdraw({symbol})

    def hear(self, symbols: set[str], sent: int, taken: float) -> None:
        """Ticks of these symbols were stored: nothing before them is missing. See `Watermark`."""
        self._unheard -= symbols
        self._watermark.hear(symbols, sent, taken)

    def show(self, sent: int, taken: float) -> None:
        """The event before the newest one of a batch: it may confirm that one's time."""
        self._event_lag.show(sent, taken)

    def measure(self, sent: Mapping[str, int], last: str, taken: float) -> set[str]:
        """Withdraw the watermarks of symbols whose newest events are late, and return them.

        sent: the newest event time of each symbol, in microseconds.
        last: the symbol of the newest event. When that is late the whole feed is, and all
        watermarks are withdrawn until it has caught up.
        """
        self._event_lag.add(sent[last], taken)
        late = self._event_lag.late(sent, taken)
        if late:
            for symbol in late:
                self._watermark.doubt(symbol)
            self._staleness.unsettle(late)
            self._withdraw(late)
        if last in late and self._behind is None:
            logger.warning(
                "The feed is %.0f s late: watermarks are withdrawn until it has caught up.",
                self._event_lag.of(sent[last], taken),
            )
        self._behind = (last, taken) if last in late else None
        return late

    def connected(self, *, joined: bool) -> None:
        """A new connection delivers. `joined`: it took over in a handover without a break."""
        if joined:
            self._event_lag.handed_over()
            return
        self._event_lag.forget()
        self._behind = None

    def judge(self, looked: CheckResult) -> None:
        """Compare the result of a staleness check with the tape.

        Call it when everything that was received before the result is on the tape.
        """
        symbol = looked.symbol
        self._event_lag.told(looked.last_trade.now, looked.taken)
        newest = self._tape.insist(lambda tape: tape.newest(symbol))
        if newest is None:
            # No tape yet, which could be complete.
            self._staleness.looked(symbol, looked.taken)
            return
        if looked.proven > newest.last:
            self._note(looked, newest)
        is_mute = symbol not in self._unheard and looked.is_mute(
            newest.last, self._staleness.connected_at
        )
        is_whole = looked.breaks == self.breaks_of(symbol)
        if is_whole and not is_mute and looked.is_passed(newest.last):
            # Everything traded by then is on the tape, or in a known gap.
            self._unheard.discard(symbol)
            if self._behind is not None and self._behind[0] == symbol:
                # Nothing was traded since the late event.
                self._behind = None
            self._watermark.join(symbol, looked.last_trade.now, looked.taken)
            self._staleness.looked(symbol, looked.taken)
            return
        self._staleness.failed(symbol, self.clock())
        if looked.last_trade.last > newest.last:
            self._doubt(symbol)
            if is_mute:
                self.renew(f"{symbol} is stale, but the exchange has traded it.")

    def _note(self, looked: CheckResult, newest: Newest) -> None:
        traded = max(EPOCH + timedelta(microseconds=looked.last_trade.traded), newest.traded)
        hole = Hole(newest.last + 1, looked.proven, newest.traded, traded)
        self.gaps_opened += self._tape.insist(lambda tape: tape.note(looked.symbol, [hole]))

    def _doubt(self, symbol: str) -> None:
        self._watermark.doubt(symbol)
        self._withdraw({symbol})

    def beat(self, heard: float | None, waiting: int, lag: timedelta | None) -> None:
        """Write the watermarks, or withdraw them, once per second.

        heard: when the exchange last sent something; None without a connection.
        waiting: how many events are not stored yet.
        lag: of the newest commit.
        """
        now = self.clock()
        if now - self._beat_at < HEARTBEAT_INTERVAL:
            return
        self._beat_at = now
        if self._leap.leapt():
            self.withdraw_all()
            self._staleness.unsettle()
        if heard is None:
            self.withdraw_all()
            return
        trusted = self._trusted(now)
        is_behind = waiting > LARGEST_BATCH or self._behind is not None
        if now - heard > CONNECTION_COUNTS_FOR or is_behind or not trusted:
            # The connection may be dead, the feed late, or the buffer long. All of these may pass.
            self._withdraw()
            return
        self._withdraw(self._claimed - trusted)
        # Events that still wait in the buffer do not count.
        heard = self._watermark.taken if waiting else heard
        through = self._watermark.through(heard, self._exchange_time(self._watermark.heard(heard)))
        known = self._exchange_time(now)
        self._tape.attempt(lambda tape: self.claim(tape, instant(through), instant(known), lag))

    def claim(self, tape: Tape, through: datetime, known: datetime, lag: timedelta | None) -> None:
        # Chosen once the database is available: when it has just returned, there are none.
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

    def _trusted(self, now: float) -> set[str]:
        return {
            symbol for symbol in self._watermark.symbols if self._staleness.trusted(symbol, now)
        }

    def _withdraw(self, symbols: set[str] | None = None) -> None:
        """Withdraw the watermarks of these symbols, or of all.

        If the database is unavailable, the next heartbeat withdraws them.
        """
        symbols = self._claimed if symbols is None else symbols & self._claimed
        if symbols and self._tape.attempt(lambda tape: tape.withdraw(symbols)):
            self._claimed -= symbols


def instant(time: int) -> datetime:
    return EPOCH + timedelta(microseconds=time)
