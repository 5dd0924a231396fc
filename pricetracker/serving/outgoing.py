"""Streamed responses: sent part by part, until they end or the client hangs up."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import cast

from django.http import StreamingHttpResponse

from .asgi import Gone, Message, Receive, Send, left

LAST: Message = {"type": "http.response.body", "body": b""}


class Outgoing:
    """The way to one client. Made on the event loop; `push` is for a thread."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.send, self._receive = send, receive
        self._loop = asyncio.get_running_loop()

    async def send_stream(self, start: Message, response: StreamingHttpResponse) -> None:
        """An asynchronous stream. Raises what the stream raises."""
        sending = asyncio.ensure_future(self._send_parts(start, response))
        leaving = asyncio.ensure_future(left(self._receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            try:
                with contextlib.suppress(asyncio.CancelledError):
                    await sending
            finally:
                response.close()

    async def break_off(self, abort: Callable[[], None]) -> None:
        """End the connection in the middle of a response."""
        abort()
        await left(self._receive)

    async def _send_parts(self, start: Message, response: StreamingHttpResponse) -> None:
        await self.send(start)
        parts = cast("AsyncGenerator[bytes, None]", aiter(response))
        async with contextlib.aclosing(parts):
            async for part in parts:
                await self.send({"type": "http.response.body", "body": part, "more_body": True})
        await self.send(LAST)

    def push(self, start: Message, response: StreamingHttpResponse) -> None:
        """A stream that a thread makes, which waits for the client. Raises Gone."""
        leaving = asyncio.run_coroutine_threadsafe(left(self._receive), self._loop)
        try:
            self._push(start)
            for part in response:
                if leaving.done():
                    raise Gone
                self._push({"type": "http.response.body", "body": part, "more_body": True})
            self._push(LAST)
        finally:
            leaving.cancel()

    def _push(self, message: Message) -> None:
        asyncio.run_coroutine_threadsafe(self._forward(message), self._loop).result()

    async def _forward(self, message: Message) -> None:
        await self.send(message)
