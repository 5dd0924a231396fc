"""Sends the trades of one connection, as fast as the clock runs and the client reads."""

import asyncio
from contextlib import suppress

from aiohttp import web

from .exchange import Exchange
from .faults.fault import Fault
from .faults.frame_faults import FrameFaults
from .feed import Feed
from .frames import Slice, chunk, framed, shutdown_text, told
from .streams import Session

CHUNK = 400  # ticks; some 80 KiB of frames
# Shorter sleeps than this only keep the processor busy.
SHORTEST_SLEEP = 0.001  # seconds
# How soon trades that are held back are checked again.
LOOK_AGAIN = 0.01  # seconds


class Sender:
    def __init__(
        self,
        exchange: Exchange,
        session: Session,
        socket: web.WebSocketResponse,
        request: web.Request,
    ) -> None:
        self._exchange = exchange
        self._clock = exchange.clock
        self._faults = exchange.faults
        self._session = session
        self._socket = socket
        self._request = request
        self._feed = Feed()
        self._frame_faults = FrameFaults(exchange.faults)
        self._changed = asyncio.Event()  # what is listened to
        self._stopped = False

    def listen(self) -> None:
        markets = self._exchange.markets(self._session.symbols())
        self._feed.listen(markets, self._clock.edge())
        if markets:
            self._clock.start()
        self._changed.set()

    def stop(self) -> None:
        self._stopped = True

    def mute(self, fault: Fault) -> None:
        self._frame_faults.mute(fault)

    def send_again(self, fault: Fault) -> None:
        slices = self._feed.latest(fault.count, fault.symbol)
        texts = [text for _, text in told(slices, self._session.dialect)]
        self._write(framed(texts[-fault.count :]))

    def announce_shutdown(self, form: str | None) -> None:
        dialect = self._session.dialect
        combined = dialect.combined if form is None else form == "combined"
        self._write(framed([shutdown_text(self._clock.now(), dialect, combined=combined)]))

    async def run(self) -> None:
        while self._is_open():
            # Before each chunk, so that no trade is sent that happened after a fault was added.
            self._exchange.targets.play()
            if self._stopped:
                return
            slices = self._feed.take(self._clock.horizon() - self._held_back(), CHUNK)
            if not slices:
                await self._wait()
                continue
            frames = self._frames(slices)
            # Whole frames in one write: a ping that is sent meanwhile comes after, never between.
            self._write(frames)
            self._clock.reached(max(part.market.time_of(part.stop - 1) for part in slices))
            await self._request.writer.drain()
            # drain() does not let others run when everything was written at once; and a clock that
            # the sending advances must not race through what is not sent.
            await asyncio.sleep(0 if frames else LOOK_AGAIN)

    def _frames(self, slices: list[Slice]) -> bytes:
        dialect = self._session.dialect
        if not self._frame_faults.is_at_work():
            return chunk(slices, dialect)
        texts = self._frame_faults.apply(told(slices, dialect))
        if self._frame_faults.has_lost:
            self._feed.broken()
        return framed(texts)

    def _held_back(self) -> int:
        """µs by which a delay keeps the trades from the client."""
        fault = self._faults.lasting("delay")
        if fault is None:
            return 0
        seconds = float(fault.options["by"]) * self._faults.progress(fault)
        return int(seconds * self._clock.speed * 1_000_000)

    async def _wait(self) -> None:
        """Until the next trade is due, or the subscription changes."""
        self._changed.clear()
        next_time = self._feed.next_time()
        timeout = None
        if next_time is None:
            self._write(framed(self._frame_faults.release()))
        else:
            shortest = LOOK_AGAIN if self._held_back() else SHORTEST_SLEEP
            timeout = max(self._clock.seconds_until(next_time), shortest)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout)

    def _write(self, frames: bytes) -> None:
        if frames and self._request.transport:
            self._request.transport.write(frames)

    def _is_open(self) -> bool:
        transport = self._request.transport
        return transport is not None and not transport.is_closing() and not self._socket.closed
