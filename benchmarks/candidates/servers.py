"""The candidates as child processes: each announces its URL and the id of its process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import uvicorn

from pricetracker.process.server import address, listen

from ..tracker import site, stay

# Threads of the servers that have a number of them: as many as there are database connections.
THREADS = 8

# Seconds until a server that is a command listens, and between two attempts to reach it.
PATIENCE = 30
BEAT = 0.05


def setup() -> None:
    import django

    django.setup()


def database() -> dict[str, Any]:
    from django.db import connection

    found = connection.get_connection_params()
    return {name: found[name] for name in ("host", "port", "user", "password", "dbname")}


def run_uvicorn(ready: Connection, application: Any, **options: Any) -> None:
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(application, log_config=None, **options)
    ready.send((address(listening).rstrip("/"), os.getpid()))
    uvicorn.Server(config).run(sockets=[listening])


def bare(ready: Connection) -> None:
    setup()
    from .bare import application

    found = database()
    found["database"] = found.pop("dbname")
    run_uvicorn(ready, application(found))


def plain_asgi(ready: Connection) -> None:
    """Django's own ASGI handler, under a plain uvicorn."""
    setup()
    from django.core.asgi import get_asgi_application

    from pricetracker.sharing import share_database

    share_database()
    run_uvicorn(ready, get_asgi_application(), lifespan="off")


def async_views(ready: Connection) -> None:
    setup()
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    from .async_views import prepare

    prepare(database())
    settings.ROOT_URLCONF = "benchmarks.candidates.async_views"
    run_uvicorn(ready, get_asgi_application(), lifespan="off")


def a2wsgi(ready: Connection) -> None:
    setup()
    from a2wsgi import WSGIMiddleware

    from pricetracker.wsgi import application

    run_uvicorn(ready, WSGIMiddleware(application, workers=THREADS), lifespan="off")


def granian_wsgi(ready: Connection) -> None:
    command(
        ready,
        "granian",
        lambda port: [
            *("--interface", "wsgi", "--blocking-threads", str(THREADS), "--no-access-log"),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
    )


def gunicorn(ready: Connection) -> None:
    command(
        ready,
        "gunicorn",
        lambda port: [
            *("--worker-class", "gthread", "--threads", str(THREADS)),
            *("--bind", f"127.0.0.1:{port}"),
        ],
    )


def command(ready: Connection, module: str, options: Callable[[int], list[str]]) -> None:
    """A server that is a command of its own; its workers count as well."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", module, "pricetracker.wsgi:application", *options(port)]
    # Else nobody would end it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    quiet = subprocess.DEVNULL
    with subprocess.Popen(arguments, stderr=quiet, stdout=quiet) as process:  # noqa: S603
        try:
            wait_for(port)
            ready.send((f"http://127.0.0.1:{port}", process.pid))
            stay()
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(BEAT)
        else:
            return


class Candidate:
    """`needs`: the module without which there is none."""

    def __init__(self, name: str, child: Callable[[Connection], None], needs: str = "django"):
        self.name, self.child, self.needs = name, child, needs


BARE = Candidate("the bare service", bare, "fastapi")

CANDIDATES = [
    Candidate("this site", site),
    Candidate("uvicorn, Django's ASGI handler", plain_asgi),
    Candidate("uvicorn, a2wsgi, Django's WSGI handler", a2wsgi, "a2wsgi"),
    Candidate("uvicorn, asynchronous views", async_views),
    Candidate("granian, WSGI", granian_wsgi, "granian"),
    Candidate("gunicorn, gthread", gunicorn, "gunicorn"),
]
