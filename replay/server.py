"""The exchange on a socket: HTTP routes, start and stop."""

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from pricetracker.process.stop_signals import on_stop

from .connection import Connection
from .exchange import Exchange
from .faults.rest_pages import JSON, Page, error_page
from .rest_http import respond
from .streams import TIME_UNITS, Session

# Pending requests get this long when the exchange stops.
SHUTDOWN_TIMEOUT = 1  # second

STOPPING = web.AppKey("stopping", asyncio.Event)
EXCHANGE = web.AppKey("exchange", Exchange)

TOO_MANY = Page(429, '{"code":-1003,"msg":"Too many requests queued."}', JSON)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Address:
    """Where a running exchange is reached."""

    ws_url: str
    rest_url: str


def run(
    exchange: Exchange,
    host: str,
    port: int,
    on_ready: Callable[[Address], None],
    secured: ssl.SSLContext | None = None,
) -> None:
    """Serve until a stop signal, over TLS if `secured`; port 0 picks a free one.

    Raises OSError when it cannot listen.
    """
    asyncio.run(_run(exchange, host, port, on_ready, secured))


async def _run(
    exchange: Exchange,
    host: str,
    port: int,
    on_ready: Callable[[Address], None],
    secured: ssl.SSLContext | None,
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    with on_stop(lambda *_: loop.call_soon_threadsafe(stop.set)):
        async with serving(exchange, host, port, secured) as address:
            on_ready(address)
            await stop.wait()


@contextmanager
def running(exchange: Exchange, host: str = "127.0.0.1", port: int = 0) -> Iterator[Address]:
    """Serve in a thread of its own, for as long as the block lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="exchange", daemon=True)
    thread.start()
    server = serving(exchange, host, port)
    try:
        address = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield address
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def serving(
    exchange: Exchange, host: str, port: int, secured: ssl.SSLContext | None = None
) -> AsyncIterator[Address]:
    app = web.Application(middlewares=[_begin])
    app[EXCHANGE], app[STOPPING] = exchange, asyncio.Event()
    app.router.add_get("/ws", _raw)
    app.router.add_get("/ws/{names:.*}", _raw)
    app.router.add_get("/stream", _combined)
    app.router.add_get("/api/v3/{path:.*}", _rest)
    app.router.add_get("/judge", _judge)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    faults = asyncio.ensure_future(exchange.targets.watch())
    try:
        await web.TCPSite(runner, host, port, ssl_context=secured).start()
        authority = _authority(*runner.addresses[0][:2])
        tls = "s" if secured else ""
        yield Address(f"ws{tls}://{authority}", f"http{tls}://{authority}")
    finally:
        faults.cancel()
        app[STOPPING].set()
        await runner.cleanup()


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@web.middleware
async def _begin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Faults count their seconds from the first client on; requests to the judge do not count
    as one.
    """
    if request.path != "/judge":
        request.app[EXCHANGE].faults.start()
    return await handler(request)


async def _judge(request: web.Request) -> web.Response:
    return web.json_response(request.app[EXCHANGE].judge.report())


async def _raw(request: web.Request) -> web.StreamResponse:
    return await _connect(request, request.match_info.get("names", ""), combined=False)


async def _combined(request: web.Request) -> web.StreamResponse:
    return await _connect(request, request.query.get("streams", ""), combined=True)


async def _connect(request: web.Request, names: str, *, combined: bool) -> web.StreamResponse:
    exchange, address = request.app[EXCHANGE], request.remote or ""
    exchange.judge.connect(address, time.monotonic())
    if not exchange.connections_of(address).admit(time.monotonic()):
        return _turned_away(429)
    slow = exchange.faults.lasting("slow-handshake")
    if slow:
        with suppress(TimeoutError):
            delay = float(slow.options["delay"])
            await asyncio.wait_for(request.app[STOPPING].wait(), delay)
    refused = exchange.faults.lasting("refuse")
    if refused:
        return _turned_away(int(refused.options["status"]))
    microseconds = TIME_UNITS.get(request.query.get("timeUnit", "MILLISECOND"))
    if microseconds is None:
        return web.Response(status=400)
    session = Session(combined=combined, microseconds=microseconds)
    streams = [name for name in names.split("/") if name]
    return await Connection(exchange, session, request, request.app[STOPPING]).serve(streams)


def _turned_away(status: int) -> web.Response:
    page = TOO_MANY if status == 429 else error_page(status, as_json=False)
    return web.Response(status=page.status, text=page.text, content_type=page.content_type)


async def _rest(request: web.Request) -> web.StreamResponse:
    return await respond(request, request.app[EXCHANGE], request.app[STOPPING])
