"""Ends a connection: cleanly, or in one of the ways in which connections fail."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from aiohttp import web

from .faults.fault import Fault

# How long a client may take to answer a close frame, or a FIN, before it is disconnected.
CLOSE_TIMEOUT = 1  # second

# How often a waiting task checks its condition.
CHECK_INTERVAL = 0.02  # seconds


class CloseFrame(NamedTuple):
    """Why the exchange closes a connection."""

    code: int
    reason: str = ""


Ending = CloseFrame | Fault


async def end(
    ws: web.WebSocketResponse,
    transport: asyncio.Transport,
    ending: Ending,
    is_held: Callable[[], bool],
) -> None:
    """`is_held`: a half-open connection stays so for as long as this is true."""
    if isinstance(ending, CloseFrame):
        await close(ws, transport, ending)
        return
    match ending.name:
        case "close":
            options = ending.options
            close_frame = CloseFrame(int(options.get("code", 1001)), options.get("reason", ""))
            await close(ws, transport, close_frame)
        case "fin":
            await finish(transport)
        case "half-open":
            await wait_while(lambda: is_held() and not transport.is_closing())
            reset(transport)
        case "reset":
            reset(transport)


async def close(
    ws: web.WebSocketResponse, transport: asyncio.Transport, close_frame: CloseFrame
) -> None:
    # A client that has stopped reading would hold up a drain without end.
    await ws.close(code=close_frame.code, message=close_frame.reason.encode(), drain=False)
    transport.abort()


def reset(transport: asyncio.Transport) -> None:
    """RST instead of FIN: without lingering, unsent data is discarded."""
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    transport.abort()


async def finish(transport: asyncio.Transport) -> None:
    """FIN, without a close frame before it."""
    transport.write_eof()
    with suppress(TimeoutError):
        await asyncio.wait_for(wait_while(lambda: not transport.is_closing()), CLOSE_TIMEOUT)
    transport.abort()


async def wait_while(condition: Callable[[], bool]) -> None:
    while condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(CHECK_INTERVAL)
