"""The site on an ASGI server, for `runserver` and `start`."""

import contextlib
import gc
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import uvicorn

from pricetracker.serving.connections import raise_file_limit
from pricetracker.serving.protocol import SiteProtocol

from .stop_signals import on_stop

# Seconds that pending requests get to finish when the server stops.
SHUTDOWN_TIMEOUT = 3

# Seconds that a connection may rest between two requests.
KEEP_ALIVE = 30

# Connections that the system holds until the event loop has time to accept them.
BACKLOG = 2_048

# Connections that asyncio accepts in one turn of its loop. It takes some five turns from accepting
# one to closing it because there is no room: five times as many have to be well below the file
# descriptors that are reserved.
ACCEPTED_AT_ONCE = 4

# Seconds that a thread runs before another one gets its turn.
SWITCH_INTERVAL = 0.0005

APPLICATION = "pricetracker.asgi:application"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    # Otherwise the second part of a response waits up to 40 ms, until the client has acknowledged
    # the first one. Accepted sockets inherit the option; asyncio sets it only on sockets that were
    # created with an explicit protocol.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def reason(error: OSError) -> str:
    """Why `listen` failed, without the address, which its message would repeat."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def address(listening: socket.socket) -> str:
    """The URL of the site on a socket."""
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def freeze() -> None:
    """Exempt everything that is loaded now from garbage collection.

    A full collection would take longer than any response.
    """
    from django.urls import get_resolver

    # Load the URLs now; otherwise the first request does.
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()


class Server(uvicorn.Server):
    """Ends live push first when it stops: its streams never end by themselves."""

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
        for listening in sockets or []:
            listening.listen(BACKLOG)
        freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.at_end()
        await super().shutdown(sockets)


def serve(listening: socket.socket, at_end: Callable[[], None]) -> None:
    """Serve the site until a stop signal; outside of the main thread until the process ends.

    at_end: called in the event loop when the server stops, before it waits for pending requests. It
    ends those that never end by themselves.
    """
    raise_file_limit()
    # Python gives a thread that computes 5 ms at a time. An answer hands over several times.
    sys.setswitchinterval(SWITCH_INTERVAL)
    config = uvicorn.Config(
        APPLICATION,
        http=SiteProtocol,
        ws="none",
        lifespan="off",
        server_header=False,
        access_log=False,
        # Django's logging configuration handles uvicorn's messages as well.
        log_config=None,
        backlog=ACCEPTED_AT_ONCE,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    server = Server(config)
    server.at_end = at_end
    server.run(sockets=[listening])
