"""A whole recorder in this process: its parts as `stream_prices` wires them, but on a clock that runs many times as fast.

The local exchange that it records from replays as many times as fast, so that seconds mean the same to both. What REST is
asked, and how long it is to be left alone, goes by the clock on the wall: the exchange counts by that.
"""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prices.backfill.repairer import Repairer
from prices.backfill.worker import Worker
from prices.exchange import connection
from prices.exchange.rest import Rest
from prices.exchange.stream import Event, Stream
from prices.exchange.subscription import aggregate_trades
from prices.recording.buffer import Buffer
from prices.recording.line import connect
from prices.recording.lookout import Looked, Lookout
from prices.recording.pace import Pace
from prices.recording.recorder import Recorder
from prices.recording.status import Status
from prices.recording.steady import SteadyTape
from prices.recording.tape import Tape
from prices.recording.writer import Writer
from prices.stopping import StopRequest
from tests.exchange import Running

# How many times as fast as the wall's the clock runs.
SPEED = 25

# Seconds on the wall between two looks of a part that waits.
BEAT = 0.02


def clock() -> float:
    return time.monotonic() * SPEED


def sleep(seconds: float) -> None:
    time.sleep(seconds / SPEED)


def quick(url: str) -> connection.Connection:
    connected = connection.connect(url)
    connected.settimeout(BEAT)
    return connected


def open_tape() -> Tape:
    return Tape(connect("tests"))


class Tracker:
    def __init__(
        self, exchange: Running, symbols: tuple[str, ...], buffer: Buffer[Event | Looked] | None
    ) -> None:
        self.stop = StopRequest(sleep)
        self.rest = Rest(
            exchange.rest_url,
            stopped=self.stop,
            sleep=lambda seconds: self.stop.wait(seconds * SPEED),
        )
        subscription = aggregate_trades(exchange.ws_url, symbols)
        self.stream = Stream(
            subscription, stopped=self.stop, sleep=self.stop.wait, connect=quick, clock=clock
        )
        # An empty one is false.
        buffer = Buffer() if buffer is None else buffer
        self.tape = SteadyTape(open_tape, symbols, sleep)
        self.tape_of_worker = SteadyTape(open_tape, symbols, sleep)
        pace = Pace(symbols, clock())
        self.writer = Writer(
            buffer,
            symbols,
            heard=lambda: self.stream.heard,
            tape=self.tape,
            status=Status(io.StringIO()),
            pace=pace,
            renew=self.stream.renew,
            clock=clock,
        )
        self.repairer = Repairer(self.tape_of_worker, self.rest, symbols, clock=clock)
        lookout = Lookout(
            pace,
            self.rest,
            self.tape_of_worker,
            breaks=lambda: self.writer.vouching.breaks,
            hand_over=buffer.put,
            clock=clock,
        )
        jobs = [lambda: self.repairer.turn() is not None, lookout.turn]
        self.worker = Worker(jobs, self.stop, beat=BEAT)
        self.recorder = Recorder(self.stream, buffer, self.writer, self.stop)
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self.run, name="recorder", daemon=True)

    def run(self) -> None:
        try:
            self.recorder.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self.failure = error

    def start(self) -> None:
        self.thread.start()
        self.worker.start()

    def end(self) -> None:
        self.stop.requested = True
        self.thread.join()
        self.worker.end(60)
        for tape in (self.tape, self.tape_of_worker):
            tape.close()
        self.rest.close()
        if self.failure is not None:
            raise self.failure


@contextmanager
def tracker(
    exchange: Running, *symbols: str, buffer: Buffer[Event | Looked] | None = None
) -> Iterator[Tracker]:
    running = Tracker(exchange, symbols, buffer)
    running.start()
    try:
        yield running
    finally:
        running.end()
