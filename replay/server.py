"""The exchange on a socket: HTTP routes, start and stop."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from .connection import Connection
from .exchange import Exchange
from .limits import Refusal
from .signals import on_stop
from .streams import TIME_UNITS, Session

# What is still under way when the exchange stops gets this long.
SHUTDOWN_TIMEOUT = 1  # second

STOPPING = web.AppKey("stopping", asyncio.Event)
EXCHANGE = web.AppKey("exchange", Exchange)


@dataclass(frozen=True)
class Address:
    """Where a running exchange is reached."""

    ws_url: str
    rest_url: str


def run(exchange: Exchange, host: str, port: int, on_ready: Callable[[Address], None]) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one. OSError when it cannot listen."""
    asyncio.run(_run(exchange, host, port, on_ready))


async def _run(
    exchange: Exchange, host: str, port: int, on_ready: Callable[[Address], None]
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    with on_stop(lambda *_: loop.call_soon_threadsafe(stop.set)):
        async with serving(exchange, host, port) as address:
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
async def serving(exchange: Exchange, host: str, port: int) -> AsyncIterator[Address]:
    app = web.Application()
    app[EXCHANGE], app[STOPPING] = exchange, asyncio.Event()
    app.router.add_get("/ws", _raw)
    app.router.add_get("/ws/{names:.*}", _raw)
    app.router.add_get("/stream", _combined)
    app.router.add_get("/api/v3/{path:.*}", _rest)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        authority = _authority(*runner.addresses[0][:2])
        yield Address(f"ws://{authority}", f"http://{authority}")
    finally:
        app[STOPPING].set()
        await runner.cleanup()


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _raw(request: web.Request) -> web.StreamResponse:
    return await _connect(request, request.match_info.get("names", ""), combined=False)


async def _combined(request: web.Request) -> web.StreamResponse:
    return await _connect(request, request.query.get("streams", ""), combined=True)


async def _connect(request: web.Request, names: str, *, combined: bool) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    if not exchange.connections_of(request.remote or "").admit(time.monotonic()):
        return web.Response(status=429)
    microseconds = TIME_UNITS.get(request.query.get("timeUnit", "MILLISECOND"))
    if microseconds is None:
        return web.Response(status=400)
    session = Session(combined=combined, microseconds=microseconds)
    streams = [name for name in names.split("/") if name]
    return await Connection(exchange, session).serve(request, streams, request.app[STOPPING])


async def _rest(request: web.Request) -> web.Response:
    exchange, path = request.app[EXCHANGE], request.match_info["path"]
    weights = exchange.weights_of(request.remote or "")
    refusal = weights.spend(exchange.rest.weight(path, request.query), exchange.wall())
    headers = {"X-MBX-USED-WEIGHT-1M": str(weights.used)}
    if refusal:
        return _refused(refusal, headers)
    unit = request.headers.get("X-MBX-TIME-UNIT")
    answer = exchange.rest.answer(path, request.query.items(), unit, exchange.clock.now())
    if answer is None:
        return _not_found(request, headers)
    status, body = answer
    return _json(status, body, headers)


def _refused(refusal: Refusal, headers: dict[str, str]) -> web.Response:
    headers["Retry-After"] = str(refusal.retry_after)
    body = {"code": -1003, "msg": refusal.message}
    return _json(refusal.status, body, headers)


def _not_found(request: web.Request, headers: dict[str, str]) -> web.Response:
    """A page for browsers, an empty body for programs."""
    if "text/html" in request.headers.get("Accept", ""):
        page = "<html><body><h1>404 Not found</h1></body></html>"
        return web.Response(status=404, headers=headers, text=page, content_type="text/html")
    return web.Response(status=404, headers=headers)


def _json(status: int, body: object, headers: dict[str, str]) -> web.Response:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)
