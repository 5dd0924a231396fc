"""One stream connection: five tasks for one socket. When one of them ends, all do."""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress

from aiohttp import WSMsgType, web

from .conformance import PeakRate
from .endings import CLOSE_TIMEOUT, CloseFrame, Ending, end
from .exchange import Exchange
from .faults.fault import Fault
from .limits import Heartbeat
from .sending import Sender
from .streams import Session

FRAMES_OF_CLIENT = {WSMsgType.PING, WSMsgType.PONG, WSMsgType.TEXT, WSMsgType.BINARY}

# From the announcement of a shutdown to the end, when the fault does not say.
GRACE = 5  # seconds


Task = Coroutine[None, None, Ending | None]


class Connection:
    def __init__(
        self, exchange: Exchange, session: Session, request: web.Request, stopping: asyncio.Event
    ) -> None:
        self._exchange = exchange
        self._limits = exchange.limits
        self._session = session
        self._request = request
        self._address = request.remote or ""
        self._stopping = stopping
        self._heartbeat = Heartbeat(exchange.limits, time.monotonic())
        self._ending: Ending | None = None
        self._ending_set = asyncio.Event()
        # Chunks of frames are written past aiohttp, so it must not compress; and its autoping would
        # hide the pings and pongs that are counted and judged here.
        self._socket = web.WebSocketResponse(timeout=CLOSE_TIMEOUT, autoping=False, compress=False)
        self._sender = Sender(exchange, session, self._socket, request)

    async def serve(self, names: Iterable[str]) -> web.WebSocketResponse:
        complaint = self._session.open(names)
        # Whatever happens once the client knows that it is connected is sent to it.
        self._sender.listen()
        with suppress(ConnectionError):  # a client may leave at any point
            await self._socket.prepare(self._request)
            if complaint:
                await self._socket.send_str(complaint)
            self._exchange.targets.enter(self)
            try:
                ending = await self._live()
            finally:
                self._exchange.targets.leave(self)
            if ending and self._request.transport:
                await end(self._socket, self._request.transport, ending, self._is_held)
        return self._socket

    def listens_to(self, symbol: str) -> bool:
        return not self._ending and (not symbol or symbol in self._session.symbols())

    def hit(self, fault: Fault) -> None:
        match fault.name:
            case "mute":
                self._sender.mute(fault)
            case "replay":
                self._sender.send_again(fault)
            case "shutdown":
                self._sender.announce_shutdown(fault.options.get("form"))
                grace = float(fault.options.get("grace", GRACE))
                asyncio.get_running_loop().call_later(grace, self._end_with, CloseFrame(1001))
            case _:
                self._end_with(fault)

    def _end_with(self, ending: Ending) -> None:
        """Send no more trades, and end the connection in this way."""
        if not self._ending:
            self._ending = ending
            self._ending_set.set()
            self._sender.stop()

    async def _live(self) -> Ending | None:
        tasks: list[Task] = [self._read(), self._sender.run(), self._beat(), self._expire()]
        ending = await _first([*tasks, self._wait_for_ending()])
        # `_end_with` stops the sender, whose task then ends first, without an ending of its own.
        return self._ending or ending

    def _is_held(self) -> bool:
        """Whether a half-open connection stays half-open."""
        stands = isinstance(self._ending, Fault) and self._exchange.faults.stands(self._ending)
        return stands and not self._stopping.is_set()

    async def _read(self) -> CloseFrame | None:
        """Answer the client's frames, until it leaves or sends too many."""
        rate = PeakRate(1)
        async for message in self._socket:
            if message.type in FRAMES_OF_CLIENT:
                in_a_second = rate.note(time.monotonic())
                self._exchange.judge.frames(self._address, in_a_second)
                if in_a_second > self._limits.client_frames:
                    return CloseFrame(1008, "Too many requests")
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
        self._sender.listen()
        # Written at once, so before what it subscribes to.
        await self._socket.send_str(reply)

    async def _beat(self) -> CloseFrame:
        """Send pings, and close the connection when one is not answered."""
        while True:
            now = time.monotonic()
            if self._heartbeat.lost(now):
                self._exchange.judge.left_unanswered(self._address)
                return CloseFrame(1008, "Pong timeout")
            if self._heartbeat.due(now):
                payload = str(time.time_ns() // 1_000_000).encode()
                self._heartbeat.ping(now, payload)
                await self._socket.ping(payload)
            await asyncio.sleep(max(0, self._heartbeat.next_event() - now))

    async def _expire(self) -> CloseFrame:
        """Close the connection at its maximum age, or when the exchange stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._limits.lifetime)
        return CloseFrame(1001)

    async def _wait_for_ending(self) -> None:
        await self._ending_set.wait()


async def _first(coroutines: Iterable[Task]) -> Ending | None:
    """Run all until one ends; returns its result."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        endings = [task.result() for task in done]
        return next((ending for ending in endings if ending), None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
