"""The writer: takes what is pending, commits it, and looks again. So the market itself sets the size of a batch."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from ..exchange.backoff import backoff
from ..exchange.messages import BadFrame, Reply, Tick, micros, parse
from ..exchange.stream import Event
from ..keys import EPOCH
from .buffer import Buffer
from .rejects import Rejects
from .status import Status
from .tally import Tally
from .tape import AWAY, Tape
from .witness import Witness

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Seconds between two heartbeats, and the longest wait for something to write.
BEAT = 1.0


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
        open_tape: Callable[[], Tape],
        status: Status,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.buffer = buffer
        self.symbols = frozenset(symbols)
        self.heard = heard
        self.open_tape = open_tape
        self.status = status
        self.clock = clock
        self.sleep = sleep
        self.tape: Tape | None = None
        self.witness = Witness()
        self.rejects = Rejects(clock)
        self.tally = Tally()
        self.beat_at = clock()
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
        if not self.buffer and self.clock() - self.beat_at >= BEAT:
            self.beat_at = self.clock()
            self.vouch(heard)

    def write(self, events: list[Event], taken: float) -> None:
        ticks: list[Tick] = []
        joined = 0  # Where in `ticks` the present connection begins.
        for event in events:
            if type(event) is bytes:
                ticks.extend(self.read(event))
            else:
                self.fall_silent()
                joined = len(ticks)
        if self.buffer.dropped != self.tally.dropped:
            # Somewhere round this batch frames are missing.
            self.tally.dropped = self.buffer.dropped
            self.fall_silent()
            joined = len(ticks)
        if not ticks:
            return
        sent = micros(ticks[-1].sent)
        self.tally.add(self.insist(lambda tape: tape.store(ticks)), len(ticks), sent)
        if joined < len(ticks):
            self.witness.hear({tick.symbol for tick in ticks[joined:]}, sent, taken)

    def read(self, frame: bytes) -> Iterator[Tick]:
        """The tick in a frame. What is no tick of ours is told of, and skipped."""
        try:
            event = parse(frame)
            if type(event) is Tick:
                self.expect(event)
                yield event
            elif type(event) is Reply:
                if event.error is not None:
                    logger.error("The exchange refused a subscription: %s", event.error)
            else:
                logger.info("The exchange is about to close the connection.")
        except BadFrame as error:
            self.rejects.add(frame, str(error))

    def expect(self, tick: Tick) -> None:
        if tick.symbol not in self.symbols:
            raise BadFrame(f"{tick.symbol} was not asked for")

    def vouch(self, heard: float | None) -> None:
        """The heartbeat."""
        if heard is None:
            self.fall_silent()
        elif self.witness.symbols:
            through = EPOCH + timedelta(microseconds=self.witness.through(heard))
            self.attempt(lambda tape: tape.heartbeat(self.witness.symbols, through))

    def fall_silent(self) -> None:
        """The connection is lost: say so at once, and once."""
        if self.witness.symbols:
            self.witness.lose()
            if self.tape is not None:
                self.attempt(lambda tape: tape.silence())

    def attempt(self, write: Callable[[Tape], Result]) -> Result | None:
        """Write, unless the database is away; then nothing is lost by not writing."""
        try:
            return write(self.opened())
        except AWAY as error:
            self.lose_database(error)
            return None

    def insist(self, write: Callable[[Tape], Result]) -> Result:
        """Write, and when the database is away try again for ever: storing twice is safe, losing is not."""
        for wait in backoff():
            try:
                return write(self.opened())
            except AWAY as error:
                self.lose_database(error)
                self.sleep(wait)
        raise AssertionError("backoff never ends")

    def opened(self) -> Tape:
        if self.tape is None:
            self.tape = self.open_tape()
            self.tape.register(sorted(self.symbols))
        return self.tape

    def lose_database(self, error: Exception) -> None:
        logger.warning(
            "The database is away, %d frames wait: %s", len(self.buffer), str(error).strip()
        )
        if self.tape is not None:
            self.tape.close()
            self.tape = None
