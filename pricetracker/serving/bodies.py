"""Request bodies: read into memory, up to a limit and within a time."""

import asyncio
import contextlib
from http import HTTPStatus

from .asgi import Gone, Receive, Scope

# Bytes. Ten thousand questions as JSON take some 900 kB; nothing else that is sent is as long.
LONGEST_BODY = 2 << 20

# Seconds in which a body must have arrived.
BODY_TIMEOUT = 20

# A client that still sends when its request was refused may not see why, if the connection closes
# at once: so many bytes more are read and forgotten, for so many seconds.
DISCARDED = 16 << 20
DISCARD_TIMEOUT = 2


class Refused(Exception):
    """The body is not read, or not to its end."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


TOO_LARGE = Refused(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {LONGEST_BODY} bytes at most."
)
TOO_SLOW = Refused(
    HTTPStatus.REQUEST_TIMEOUT, f"The request was not complete within {BODY_TIMEOUT} seconds."
)


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """Raises Refused, before anything is read if the headers say enough, and Gone."""
    length = content_length(scope)
    if length == 0:
        return b""
    if length is not None and length > LONGEST_BODY:
        raise TOO_LARGE
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            return await read(receive)
    except TimeoutError:
        raise TOO_SLOW from None


def content_length(scope: Scope) -> int | None:
    """As the headers have it: 0 without a body, None when it is sent in chunks."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0


async def read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LONGEST_BODY:
            raise TOO_LARGE
        if not message.get("more_body", False):
            return b"".join(parts)


async def discard(receive: Receive) -> None:
    """Read what is still under way of a body that was refused, within limits."""
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_TIMEOUT):
            while size < DISCARDED:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
