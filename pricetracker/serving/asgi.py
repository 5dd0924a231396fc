"""What an ASGI application is given: types, and the client that hangs up."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Gone(Exception):
    """The client has hung up."""


class Broken(Exception):
    """A stream cannot go on: its connection is broken off, so that it does not seem complete."""


# In the scope: what breaks off the connection. Other servers than ours do not have it.
ABORT = "pricetracker.abort"


async def left(receive: Receive) -> None:
    """Return when the client hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass
