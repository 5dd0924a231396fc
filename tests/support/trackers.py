"""A whole recorder in this process: wired as `stream_prices` wires it, but on a clock that runs
many times as fast.

The local exchange that it records from replays as many times as fast, so that seconds mean the same
to both. What REST is asked, and how long it is to be left alone, goes by the clock on the wall: the
exchange counts by that.
"""

import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from prices.exchange import connection
from prices.exchange.rest import Rest
from prices.exchange.stream import Event
from prices.exchange.subscription import aggregate_trades
from prices.recording.buffer import Buffer
from prices.recording.build import build_recorder
from prices.recording.check_result import CheckResult
from prices.recording.session import connect
from prices.recording.tape import Tape
from pricetracker.process.signals import StopRequest
from tests.support.local_exchange import Running

# How many times as fast as the wall's the clock runs.
SPEED = 25

# Seconds on the wall between two looks of a part that waits.
CHECK_INTERVAL = 0.02


def clock() -> float:
    return time.monotonic() * SPEED


def sleep(seconds: float) -> None:
    time.sleep(seconds / SPEED)


def quick(environ: Mapping[str, str]) -> Callable[[str], connection.Connection]:
    """Makes connections whose reads wait for a moment only, by the proxies that are named."""

    def connect(url: str) -> connection.Connection:
        connected = connection.connect(url, environ=environ)
        connected.settimeout(CHECK_INTERVAL)
        return connected

    return connect


def open_tape() -> Tape:
    return Tape(connect("tests"))


class Tracker:
    def __init__(
        self,
        exchange: Running,
        symbols: tuple[str, ...],
        buffer: Buffer[Event | CheckResult] | None,
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.stop = StopRequest(sleep)
        self.rest = Rest(
            exchange.rest_url,
            stopped=self.stop,
            sleep=lambda seconds: self.stop.wait(seconds * SPEED),
            environ=environ,
        )
        self.recording = build_recorder(
            aggregate_trades(exchange.ws_url, symbols),
            symbols,
            rest=self.rest,
            open_tape=open_tape,
            stop=self.stop,
            out=io.StringIO(),
            buffer=buffer,
            connect=quick(environ),
            clock=clock,
            sleep=sleep,
            check_interval=CHECK_INTERVAL,
        )
        self.recording.last_response = 60
        self.stream, self.writer = self.recording.stream, self.recording.writer
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self.run, name="recorder", daemon=True)

    def run(self) -> None:
        try:
            self.recording.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self.failure = error

    def start(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.stop.requested = True
        self.thread.join()
        self.rest.close()
        if self.failure is not None:
            raise self.failure


@contextmanager
def tracker(
    exchange: Running,
    *symbols: str,
    buffer: Buffer[Event | CheckResult] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Tracker]:
    """`environ` names the proxies, if there are any."""
    running = Tracker(exchange, symbols, buffer, environ or {})
    running.start()
    try:
        yield running
    finally:
        running.end()
