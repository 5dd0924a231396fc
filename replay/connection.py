"""One stream connection: four tasks round one socket, of which the first to end ends all."""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import NamedTuple

from aiohttp import WSMsgType, web

from .exchange import Exchange
from .feed import Feed
from .frames import chunk
from .limits import Heartbeat, RollingWindow
from .streams import Session

CHUNK = 400  # ticks; some 80 KiB of frames
# How long a client may take to answer a close frame before it is cut off.
CLOSE_TIMEOUT = 1  # second
# Shorter sleeps than this only keep the processor busy.
SHORTEST_SLEEP = 0.001  # seconds

FRAMES_OF_CLIENT = {WSMsgType.PING, WSMsgType.PONG, WSMsgType.TEXT, WSMsgType.BINARY}


class Farewell(NamedTuple):
    """Why the exchange closes a connection."""

    code: int
    reason: str = ""


class Connection:
    def __init__(self, exchange: Exchange, session: Session) -> None:
        self._exchange = exchange
        self._clock = exchange.clock
        self._limits = exchange.limits
        self._session = session
        self._feed = Feed()
        self._changed = asyncio.Event()  # what is listened to
        self._heartbeat = Heartbeat(exchange.limits, time.monotonic())
        # Chunks of frames are written past aiohttp, so it must not compress; and its autoping would
        # hide the pings and pongs that are counted and judged here.
        self._socket = web.WebSocketResponse(timeout=CLOSE_TIMEOUT, autoping=False, compress=False)

    async def serve(
        self, request: web.Request, names: Iterable[str], stopping: asyncio.Event
    ) -> web.WebSocketResponse:
        await self._socket.prepare(request)
        with suppress(ConnectionError):  # a client may leave at any point
            complaint = self._session.open(names)
            if complaint:
                await self._socket.send_str(complaint)
            self._listen()
            lives = [self._read(), self._send(request), self._beat(), self._expire(stopping)]
            farewell = await _first(lives)
            if farewell:
                await self._close(request, farewell)
        return self._socket

    async def _close(self, request: web.Request, farewell: Farewell) -> None:
        code, reason = farewell
        # A client that has stopped reading would hold up a drain for ever.
        await self._socket.close(code=code, message=reason.encode(), drain=False)
        if request.transport:
            request.transport.abort()

    def _listen(self) -> None:
        markets = self._exchange.markets(self._session.symbols())
        self._feed.listen(markets, self._clock.edge())
        if markets:
            self._clock.start()
        self._changed.set()

    async def _read(self) -> Farewell | None:
        """Answer the client's frames, until it leaves or sends too many."""
        window = RollingWindow(self._limits.client_frames, 1)
        async for message in self._socket:
            if message.type in FRAMES_OF_CLIENT and not window.admit(time.monotonic()):
                return Farewell(1008, "Too many requests")
            match message.type:
                case WSMsgType.PING:
                    await self._socket.pong(message.data)
                case WSMsgType.PONG:
                    self._heartbeat.pong(bytes(message.data))
                case WSMsgType.TEXT:
                    await self._control(message.data)
        return None

    async def _control(self, text: str) -> None:
        reply = self._session.answer(text)
        # Written at once, so ahead of what it subscribes to.
        await self._socket.send_str(reply)
        self._listen()

    async def _send(self, request: web.Request) -> None:
        """Send what happens, as fast as the clock runs and the client reads."""
        transport = request.transport
        while transport and not transport.is_closing() and not self._socket.closed:
            slices = self._feed.take(self._clock.horizon(), CHUNK)
            if not slices:
                await self._wait()
                continue
            # Whole frames in one write: a ping that is sent meanwhile comes after, never between.
            transport.write(chunk(slices, self._session.dialect))
            self._clock.reached(max(part.market.time_of(part.stop - 1) for part in slices))
            await request.writer.drain()
            await asyncio.sleep(0)  # drain() does not let others in when all was written at once

    async def _wait(self) -> None:
        """Until the next tick is due, or something else is listened to."""
        self._changed.clear()
        next_time = self._feed.next_time()
        timeout = None
        if next_time is not None:
            timeout = max(self._clock.seconds_until(next_time), SHORTEST_SLEEP)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout)

    async def _beat(self) -> Farewell:
        """Ping; a client that does not answer is gone."""
        while True:
            now = time.monotonic()
            if self._heartbeat.lost(now):
                return Farewell(1008, "Pong timeout")
            if self._heartbeat.due(now):
                payload = str(time.time_ns() // 1_000_000).encode()
                self._heartbeat.ping(now, payload)
                await self._socket.ping(payload)
            await asyncio.sleep(max(0, self._heartbeat.next_event() - now))

    async def _expire(self, stopping: asyncio.Event) -> Farewell:
        """No connection outlives its day, or the exchange."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), self._limits.lifetime)
        return Farewell(1001)


async def _first(lives: Iterable[Coroutine[None, None, Farewell | None]]) -> Farewell | None:
    """Run all until one ends; what that one says."""
    tasks = [asyncio.ensure_future(life) for life in lives]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(filter(None, [task.result() for task in done]), None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
