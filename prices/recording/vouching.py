"""The recorder's word: which symbols it vouches for, through when, and when it takes that back."""

import logging
from collections.abc import Callable
from datetime import timedelta

from ..keys import EPOCH
from .buffer import LARGEST_BATCH
from .lookout import Looked
from .pace import Pace
from .steady import SteadyTape
from .tape import Hole
from .witness import Witness

logger = logging.getLogger(__name__)

# Seconds between two heartbeats.
BEAT = 1.0

# Seconds for which a line counts as open after the exchange has last spoken on it. It pings every 20.
LINE_COUNTS_FOR = 30.0


class Vouching:
    """`renew` asks for a new connection in place of one that is not to be trusted, and is told why."""

    def __init__(
        self,
        tape: SteadyTape,
        pace: Pace,
        *,
        renew: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self.tape = tape
        self.pace = pace
        self.renew = renew
        self.clock = clock
        self.witness = Witness()
        self.breaks = 0
        self.beat_at = clock()
        self.standing = False  # A heartbeat stands on the tape that has not been taken back.
        tape.returned = self.start_over

    def start_over(self) -> None:
        """Nothing that is on the tape is known any more: vouch for what the next ticks, or looks, prove."""
        self.breaks += 1
        self.witness.lose()
        self.pace.unsettle()

    def fall_silent(self) -> None:
        """A trade may be missing unnoticed: vouch for no symbol until its next tick."""
        self.breaks += 1
        self.witness.lose()
        self.take_back()

    def hear(self, symbols: set[str], sent: int, taken: float) -> None:
        """Ticks were stored before which nothing can be missing unnoticed. As in `Witness`."""
        self.witness.hear(symbols, sent, taken)

    def judge(self, looked: Looked) -> None:
        """Hold what the exchange said of a silent symbol against the tape, which has all that had been received by then."""
        symbol, lately = looked.symbol, looked.lately
        self.pace.looked(symbol, self.clock())
        newest = self.tape.insist(lambda tape: tape.newest(symbol))
        if newest is None:
            return
        if looked.proven > newest.last:
            traded = max(EPOCH + timedelta(microseconds=lately.traded), newest.traded)
            hole = Hole(newest.last + 1, looked.proven, newest.traded, traded)
            self.tape.insist(lambda tape: tape.note(symbol, [hole]))
        if lately.last > newest.last and not looked.is_old(self.pace.connected_at):
            self.witness.doubt(symbol)
            self.renew(f"{symbol} is mute, but the exchange has traded it.")
        elif lately.last <= max(newest.last, looked.proven) and looked.breaks == self.breaks:
            # All that was traded by then is on the tape, or known to be missing.
            self.witness.join(symbol, lately.now, looked.taken)

    def beat(self, heard: float | None, waiting: int, lag: timedelta | None) -> None:
        """Once a second: vouch for what was heard, or take back what was vouched for.

        `waiting` events are not stored yet; `lag` is the newest commit's.
        """
        now = self.clock()
        if now - self.beat_at < BEAT:
            return
        self.beat_at = now
        if heard is None:
            self.fall_silent()
            return
        if now - heard > LINE_COUNTS_FOR or waiting > LARGEST_BATCH or not self.trusted(now):
            # The line may be dead, or what has come is far from stored. Either may pass.
            self.take_back()
            return
        # Of what waits still nothing is vouched for.
        through = self.witness.through(self.witness.taken if waiting else heard)
        instant = EPOCH + timedelta(microseconds=through)
        self.standing = True
        # Whom it is for is asked when the database is there: on its return that is nobody.
        self.tape.attempt(lambda tape: tape.heartbeat(self.trusted(now), instant, lag))

    def trusted(self, now: float) -> set[str]:
        return {symbol for symbol in self.witness.symbols if self.pace.trusted(symbol, now)}

    def take_back(self) -> None:
        """Say that nobody vouches any more, until that is written."""
        if self.standing and self.tape.attempt(lambda tape: tape.silence()):
            self.standing = False
