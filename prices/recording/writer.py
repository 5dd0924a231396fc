"""The writer: takes what is pending, commits it, and looks again. So the market itself sets the size of a batch."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from ..exchange.messages import BadFrame, Reply, Tick, micros, parse
from ..exchange.stream import Event
from ..keys import EPOCH
from .buffer import LARGEST_BATCH, Buffer
from .rejects import Rejects
from .status import Status
from .steady import SteadyTape
from .tally import Tally
from .witness import Witness

logger = logging.getLogger(__name__)

# Seconds between two heartbeats, and the longest wait for something to write.
BEAT = 1.0

# Seconds for which a line counts as open after the exchange has last spoken on it. It pings every 20.
LINE_COUNTS_FOR = 30.0


# Why a tick was skipped that had another price or minute than the one stored under its trade id.
CONTRADICTED = "another trade bears this id on the tape. Has the symbol been listed anew, or is this another exchange?"


class Break(Exception):
    """The connection, or what it brings, was interrupted: a trade may be missing there."""


class Writer:
    """Moves events from the buffer to the tape, until it is told to finish and the buffer is empty.

    `heard` tells when the exchange last spoke on the present connection, by the same clock, or None without one.
    """

    def __init__(
        self,
        buffer: Buffer[Event],
        symbols: Sequence[str],
        *,
        heard: Callable[[], float | None],
        tape: SteadyTape,
        status: Status,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.buffer = buffer
        self.symbols = frozenset(symbols)
        self.heard = heard
        self.tape = tape
        self.status = status
        self.clock = clock
        self.witness = Witness()
        self.rejects = Rejects(clock)
        self.tally = Tally()
        self.beat_at = clock()
        self.vouching = False  # A heartbeat stands on the tape that has not been taken back.
        self.finishing = False

    def run(self) -> None:
        while not self.finishing or self.buffer:
            self.turn()
        self.vouch(None)
        self.status.end()

    def turn(self) -> None:
        # Looked up first: whatever was heard by then is in the buffer by now.
        heard = self.heard()
        events = self.buffer.take(BEAT)
        if events:
            self.write(events, taken=self.clock())
        self.rejects.tell()
        self.status.tell(self.tally, len(self.buffer), connected=heard is not None)
        if self.clock() - self.beat_at >= BEAT:
            self.beat_at = self.clock()
            self.vouch(heard)

    def write(self, events: list[Event], taken: float) -> None:
        ticks: list[Tick] = []
        joined = (
            0  # Where in `ticks` the stretch begins after which nothing can be missing unnoticed.
        )
        for event in events:
            try:
                ticks.extend(self.read(event))
            except Break:
                joined = len(ticks)
                self.fall_silent()
        if self.buffer.dropped != self.tally.dropped:
            # Somewhere round this batch frames are missing.
            self.tally.dropped = self.buffer.dropped
            joined = len(ticks)
            self.fall_silent()
        if not ticks:
            return
        sent = micros(ticks[-1].sent)
        stored = self.tape.insist(lambda tape: tape.store(ticks))
        self.tally.add(stored, len(ticks), sent)
        if stored.contradiction:
            self.rejects.add(stored.contradiction.encode(), CONTRADICTED)
            self.fall_silent()
        elif joined < len(ticks):
            self.witness.hear({tick.symbol for tick in ticks[joined:]}, sent, taken)

    def read(self, event: Event) -> Iterator[Tick]:
        """The tick in an event, if it is one. Raises Break when a trade may be missing there."""
        if not isinstance(event, bytes):
            raise Break
        try:
            frame = parse(event)
            if type(frame) is Tick:
                self.expect(frame)
                yield frame
            elif type(frame) is Reply:
                if frame.error is not None:
                    logger.error("The exchange refused a subscription: %s", frame.error)
            else:
                logger.info("The exchange is about to close the connection.")
        except BadFrame as error:
            # Told of, and skipped. The next tick of its symbol will show by its trade id whether it held one.
            self.rejects.add(event, str(error))
            raise Break from error

    def expect(self, tick: Tick) -> None:
        if tick.symbol not in self.symbols:
            raise BadFrame(f"{tick.symbol} was not asked for")

    def vouch(self, heard: float | None) -> None:
        """The heartbeat: vouch for what was heard, or take back what was vouched for."""
        if heard is None:
            self.fall_silent()
        elif self.clock() - heard > LINE_COUNTS_FOR or len(self.buffer) > LARGEST_BATCH:
            # The line may be dead, or what has come is far from stored. Either may pass.
            self.take_back()
        elif self.witness.symbols:
            # Of what waits still nothing is vouched for.
            through = self.witness.through(self.witness.taken if self.buffer else heard)
            instant = EPOCH + timedelta(microseconds=through)
            self.vouching = True
            self.tape.attempt(lambda tape: tape.heartbeat(self.witness.symbols, instant))
        else:
            self.take_back()

    def fall_silent(self) -> None:
        """A trade may be missing unnoticed: vouch for no symbol until its next tick."""
        self.witness.lose()
        self.take_back()

    def take_back(self) -> None:
        """Say that nobody vouches any more, until that is written."""
        if self.vouching and self.tape.attempt(lambda tape: tape.silence()):
            self.vouching = False
