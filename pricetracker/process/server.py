"""The site on an ASGI server, for `runserver` and `start`."""

import contextlib
import gc
import os
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from .stop_signals import on_stop

# Seconds that pending requests get when the server stops.
SHUTDOWN_TIMEOUT = 3

APPLICATION = "pricetracker.asgi:application"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    # Without it the second part of a response waits up to 40 ms, until the client has acknowledged
    # the first one. Accepted sockets inherit it; asyncio sets it by itself only on those whose
    # protocol was named when they were made.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def reason(error: OSError) -> str:
    """Why there is none, without the address, which the message of `create_server` repeats."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def address(listening: socket.socket) -> str:
    """The URL of the site on a socket."""
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def freeze() -> None:
    """Exempt everything that is loaded from garbage collection.

    Looking through it again would take longer than any response.
    """
    from django.urls import get_resolver

    # Otherwise loaded by the first request.
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()


class Server(uvicorn.Server):
    """Live push ends first: its streams have no end of their own to wait for."""

    # Called in the event loop before pending requests are waited for.
    at_end: Callable[[], None]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Replaces uvicorn's, which ignores SIGHUP and raises a signal again after it has
        stopped.
        """
        in_main = threading.current_thread() is threading.main_thread()
        with on_stop(self.handle_exit) if in_main else contextlib.nullcontext():
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.at_end()
        await super().shutdown(sockets)


def serve(listening: socket.socket, at_end: Callable[[], None]) -> None:
    """Serve the site until a stop signal; outside of the main thread until the process ends.

    `at_end` is called in the event loop before pending requests are waited for: it ends those that
    have no end.
    """
    config = uvicorn.Config(
        APPLICATION,
        lifespan="off",
        server_header=False,
        # Django's logging takes uvicorn's messages as it takes all others.
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    server = Server(config)
    server.at_end = at_end
    server.run(sockets=[listening])
