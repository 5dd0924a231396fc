"""Builds a recorder out of its parts, for the command, the tests and the benchmarks alike."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from pricetracker.process.signals import StopRequest

from ..exchange import connection
from ..exchange.rest import Rest
from ..exchange.stream import Event, Stream
from ..exchange.subscription import Subscription
from ..repair.background import CHECK_INTERVAL, Background
from ..repair.progress import Progress
from ..repair.repairer import Repairer
from ..repair.schedule import RETRY_WITHIN
from .buffer import Buffer
from .check_result import CheckResult
from .id_check import IdCheck
from .id_witness import IdVerdict
from .reconnecting import ReconnectingTape
from .recorder import Recorder
from .staleness import Staleness
from .staleness_check import StalenessCheck
from .status import Status
from .tape import Tape
from .writer import Writer

logger = logging.getLogger(__name__)

# Seconds to wait at the end for a response from REST: what it would bring can be requested again.
LAST_RESPONSE = 2.0

# Request weight per minute, of the 1,500 that are ours, that repair leaves to staleness checks:
# eleven of them. A long gap would use up all of it within half a minute, and a check would wait for
# the rest of the minute.
RESERVED_FOR_CHECKS = 300

# Trades of the largest gap that a recorder repairs by itself: some weeks of the busiest symbol.
# What lies between a recording and history that was imported may be years, and hundreds of
# gigabytes: that is fetched when somebody asks for it, with `repair_gaps` or `backfill_prices`.
LARGEST_REPAIR = 100_000_000


@dataclass
class Recording:
    """A recorder and its background work.

    `run` records until the stop request, and closes everything that was opened.
    """

    stream: Stream
    writer: Writer
    recorder: Recorder
    # None for a recorder without REST: it neither repairs gaps nor checks quiet symbols.
    repairer: Repairer | None
    background: Background | None
    tapes: tuple[ReconnectingTape, ...]
    # Seconds, on the wall clock.
    last_response: float = LAST_RESPONSE

    def run(self) -> None:
        """Raises the recorder's exception, if it failed."""
        with self._beside():
            self.recorder.run()

    @contextmanager
    def _beside(self) -> Iterator[None]:
        """While this is open, a background thread repairs gaps and checks quiet symbols."""
        if self.background is not None:
            self.background.start()
        try:
            yield
        finally:
            if self.background is not None:
                self.background.end(self.last_response)
            for tape in self.tapes:
                tape.close()


def counts_of(stream: Stream, rest: Rest | None) -> dict[str, int]:
    """Counts of the exchange's parts since the start, as in `counter_names`."""
    return {
        "reconnects": stream.reconnects,
        "handovers_failed": stream.failed_handovers,
        "rest_requests": rest.requests if rest else 0,
        "rest_weight": rest.weight if rest else 0,
    }


def build_recorder(
    subscription: Subscription,
    symbols: Sequence[str],
    *,
    rest: Rest | None,
    open_tape: Callable[[], Tape],
    stop: StopRequest,
    out: TextIO = sys.stdout,
    buffer: Buffer[Event | CheckResult | IdVerdict] | None = None,
    connect: Callable[[str], connection.Socket] = connection.connect,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    check_interval: float = CHECK_INTERVAL,
) -> Recording:
    """Wire a recorder of some symbols.

    `rest` None: nothing is repaired or checked. `out` takes the status line. `connect`, `clock`
    (seconds, monotonic), `sleep` and `check_interval` (seconds between two checks for background
    work) are for tests.
    """
    stream = Stream(subscription, stopped=stop, sleep=stop.wait, connect=connect, clock=clock)
    # An empty buffer is false.
    buffer = Buffer() if buffer is None else buffer
    tape = ReconnectingTape(open_tape, symbols, sleep)
    staleness = Staleness(symbols, clock())
    writer = Writer(
        buffer,
        symbols,
        heard=lambda: stream.heard,
        tape=tape,
        status=Status(out),
        staleness=staleness,
        renew=stream.renew,
        asked_for=subscription.symbols_of,
        witnessed=rest is not None,
        counts_beside=lambda: counts_of(stream, rest),
        clock=clock,
    )
    recorder = Recorder(stream, buffer, writer, stop)
    if rest is None or writer.id_witness is None:
        return Recording(stream, writer, recorder, None, None, (tape,))
    tape_beside = ReconnectingTape(open_tape, symbols, sleep)
    repairer = Repairer(
        tape_beside,
        rest,
        symbols,
        filled=writer.counters.fill,
        reserve=RESERVED_FOR_CHECKS,
        largest=LARGEST_REPAIR,
        retry_within=RETRY_WITHIN,
        clock=clock,
    )
    progress = Progress(repairer, logger.info, clock=clock)
    staleness_check = StalenessCheck(
        staleness,
        rest,
        tape_beside,
        breaks=writer.heartbeat.breaks_of,
        hand_over=buffer.hand_over,
        clock=clock,
    )
    id_check = IdCheck(
        writer.id_witness.questions,
        rest,
        tape_beside,
        hand_over=buffer.hand_over,
        reserve=RESERVED_FOR_CHECKS,
        clock=clock,
    )

    def repair() -> bool:
        turn = repairer.turn()
        progress.tell(at_once=turn is None)
        return turn is not None

    jobs = [id_check.turn, repair, staleness_check.turn]
    background = Background(jobs, stopped=stop, interval=check_interval)
    return Recording(stream, writer, recorder, repairer, background, (tape, tape_beside))
