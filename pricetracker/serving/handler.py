"""Django as an ASGI application that answers in bounded threads.

Django's own handler for ASGI starts a thread for each request, and keeps it for as long as an event
stream lasts. This one runs Django's synchronous middleware and views in the threads of a lane, and
sends asynchronous streams from the event loop, where a reader costs neither.
"""

import io
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple, cast

from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import (
    FileResponse,
    HttpResponse,
    StreamingHttpResponse,
)
from django.urls import set_script_prefix

from .asgi import ABORT, Broken, Gone, Message, Receive, Scope, Send
from .bodies import Refused, discard, read_body
from .lanes import Busy, Lane
from .outgoing import Outgoing

Response = HttpResponse | StreamingHttpResponse
Headers = list[tuple[bytes, bytes]]

# Of answers that Django has not seen: as on all that are no pages.
REFUSAL_HEADERS: Headers = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]

# Seconds after which a client may try again when all threads for its kind of request are taken.
RETRY_AFTER = 2


# The headers that a server has to understand.
FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})


class CasedName(bytes):
    """The name of a header as it is to be written: uvicorn would write it in lower case.

    HTTP does not care, but scripts do that look a name up in a plain dictionary.
    """

    def lower(self) -> bytes:
        return self


def header_name(name: str) -> bytes:
    return (bytes if name.lower() in FRAMING else CasedName)(name, "ascii")


NOT_UTF8 = Refused(HTTPStatus.BAD_REQUEST, "A query string must be UTF-8, percent-encoded.")


class Answer(NamedTuple):
    """What a thread hands to the event loop. Without a start, all has been sent."""

    start: Message | None
    content: bytes = b""
    stream: StreamingHttpResponse | None = None


SENT = Answer(None)


class Handler(BaseHandler):
    """`lanes` by path, `light` by how paths begin; all other paths are costly."""

    def __init__(self, lanes: Mapping[str, Lane], costly: Lane, light: tuple[str, Lane]) -> None:
        super().__init__()
        self.load_middleware(is_async=False)
        self._lanes, self._costly = lanes, costly
        self._light_prefix, self._light = light

    def lane(self, path: str) -> Lane:
        found = self._lanes.get(path)
        if found is None:
            return self._light if path.startswith(self._light_prefix) else self._costly
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"The site speaks HTTP, not {scope['type']}.")
        outgoing = Outgoing(receive, send)
        try:
            body = await read_body(scope, receive)
            answer = await self.lane(scope["path"]).run(self._answer, scope, body, outgoing)
        except Refused as refused:
            await refuse(send, refused.status, refused.why, (b"connection", b"close"), receive)
        except Busy:
            why = "Too many requests of this kind are waiting. Try again in a moment."
            retry = (b"retry-after", b"%d" % RETRY_AFTER)
            await refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, why, retry)
        except Gone:
            return
        else:
            await self._finish(answer, scope, outgoing)

    async def _finish(self, answer: Answer, scope: Scope, outgoing: Outgoing) -> None:
        if answer.start is None:
            return
        if answer.stream is not None:
            await self._send_stream(answer.start, answer.stream, scope, outgoing)
        else:
            await outgoing.send(answer.start)
            await outgoing.send({"type": "http.response.body", "body": answer.content})

    async def _send_stream(
        self, start: Message, stream: StreamingHttpResponse, scope: Scope, outgoing: Outgoing
    ) -> None:
        try:
            await outgoing.send_stream(start, stream)
        except Broken:
            # Whoever raises it has told why. Servers that cannot be told do the same on an error.
            if ABORT not in scope:
                raise
            await outgoing.break_off(scope[ABORT])

    # In a thread.

    def _answer(self, scope: Scope, body: bytes, outgoing: Outgoing) -> Answer:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        response = self._respond(scope, body)
        start = response_start(response)
        if isinstance(response, StreamingHttpResponse) and response.is_async:
            return Answer(start, stream=response)
        try:
            if isinstance(response, HttpResponse):
                return Answer(start, response.content)
            if isinstance(response, FileResponse):
                # One of our own static files.
                return Answer(start, b"".join(response))
            outgoing.push(start, response)
            return SENT
        finally:
            # Which gives the database its rest as well: its connection belongs to this thread.
            response.close()

    def _respond(self, scope: Scope, body: bytes) -> Response:
        try:
            request = ASGIRequest(scope, io.BytesIO(body))
        except UnicodeDecodeError:
            raise NOT_UTF8 from None
        return cast(Response, self.get_response(request))


def response_start(response: Response) -> Message:
    headers = [(header_name(name), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (CasedName(b"Set-Cookie"), cookie.OutputString().encode("ascii"))
        for cookie in response.cookies.values()
    ]
    if isinstance(response, HttpResponse) and "Content-Length" not in response:
        headers.append((b"Content-Length", b"%d" % len(response.content)))
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


async def refuse(
    send: Send,
    status: HTTPStatus,
    why: str,
    extra: tuple[bytes, bytes],
    unread: Receive | None = None,
) -> None:
    """An answer without Django, in the shape of the API's errors.

    `unread`: where the rest of a body comes from that nobody wants.
    """
    body = json.dumps({"detail": why}).encode()
    headers = [*REFUSAL_HEADERS, (b"content-length", b"%d" % len(body)), extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if unread is not None:
        await discard(unread)
    await send({"type": "http.response.body", "body": b""})
