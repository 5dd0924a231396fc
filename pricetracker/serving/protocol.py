"""One HTTP connection: uvicorn's, with limits on what a client may keep open, and for how long."""

import asyncio
import json
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..process.request_target import ABSOLUTE
from .asgi import ABORT
from .connections import Connections

# Seconds from the first byte of a request, or from connecting, until its headers are complete.
HEADER_TIMEOUT = 10

# Seconds that a client gets to take more of a response when it has stopped.
SEND_TIMEOUT = 30

# Bytes of a request's line and headers.
LONGEST_HEADERS = 64 << 10


def refusal(status: HTTPStatus, why: str) -> bytes:
    """A response to what is no request yet, in the shape of the API's errors."""
    body = json.dumps({"detail": why}).encode()
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (
        status,
        status.phrase.encode(),
        b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n"
        % len(body),
        body,
    )


TOO_LONG = refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"A request's line and headers may have {LONGEST_HEADERS} bytes at most.",
)
NO_HTTP = refusal(HTTPStatus.BAD_REQUEST, "This is not a valid HTTP request.")


class LimitedProtocol(HttpToolsProtocol):
    """A subclass has the connections of its server."""

    connections_held: Connections
    header_timeout: float = HEADER_TIMEOUT
    send_timeout: float = SEND_TIMEOUT
    peer = ""
    idle_since: float | None = None
    _timer: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _admitted = False
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._admitted = self.connections_held.admit(self)
        if not self._admitted:
            transport.abort()
            return
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers()
        self._unset_keepalive_if_required()
        self.connections_held.remove(self)
        super().connection_lost(exc)

    def drop(self) -> None:
        self.transport.abort()

    # What the client sends.

    def data_received(self, data: bytes) -> None:
        if not self._admitted or self.transport.is_closing():
            return
        super().data_received(data)
        if not self._is_idle() or self.transport.is_closing():
            return
        # Headers that are not complete yet.
        self._header_bytes += len(data)
        if self._header_bytes > LONGEST_HEADERS:
            self.transport.write(TOO_LONG)
            self.transport.close()
        elif self._timer is None:
            self._expect_headers()

    def send_400_response(self, msg: str) -> None:
        """In JSON, whichever library found the request wrong."""
        self.transport.write(NO_HTTP)
        self.transport.close()

    def on_headers_complete(self) -> None:
        self._headers_are_complete()
        if not self.url.startswith(b"/"):
            self._take_host_from_url()
        cast("dict[str, Any]", self.scope)[ABORT] = self.drop
        super().on_headers_complete()

    def _is_idle(self) -> bool:
        """Whether a request is awaited, or its headers are not complete yet."""
        return self.cycle is None or self.cycle.response_complete

    def _expect_headers(self) -> None:
        self.idle_since = self.loop.time()
        self._timer = self.loop.call_later(self.header_timeout, self.drop)

    def _headers_are_complete(self) -> None:
        self.idle_since = None
        self._header_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_host_from_url(self) -> None:
        """`GET http://host/path`: the host that the URL names counts, and not the header."""
        if found := ABSOLUTE.fullmatch(self.url):
            self.headers[:] = [each for each in self.headers if each[0] != b"host"]
            self.headers.append((b"host", found[1]))

    # What the client takes.

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_idle():
            self.idle_since = self.loop.time()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.send_timeout, self.drop)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _cancel_timers(self) -> None:
        for timer in (self._timer, self._stuck):
            if timer is not None:
                timer.cancel()
        self._timer = self._stuck = None


class SiteProtocol(LimitedProtocol):
    """The site's: `uvicorn --http pricetracker.serving.protocol:SiteProtocol` has it, too."""

    connections_held = Connections()
