"""`manage.py start`: everything in one terminal; migrates, records and serves until it is
stopped.
"""

import contextlib
import os
import signal
import socket
import sys
from multiprocessing.connection import Connection
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from prices.management.arguments import add_symbols
from prices.patience import patiently
from prices.recording.session import connect
from pricetracker.commands import execute
from pricetracker.process.arguments import port
from pricetracker.process.server import address, listen, reason, serve
from pricetracker.process.signals import StopRequest
from pricetracker.process.supervisor import ChildEnded, Children
from replay.exchange import open_exchange
from replay.server import Address
from replay.server import run as run_exchange

DEMO_SETTINGS = "pricetracker.demo"

# Seconds that the private PostgreSQL gets to stop. If it takes longer, another process is using it.
SERVER_STOP_TIMEOUT = 5

# The exit code that shells give for a command that Ctrl-C ended.
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Migrate the database, record prices and serve the site, until Ctrl-C, SIGTERM or SIGHUP."
    )
    # The children check: this process touches neither the database nor the exchange.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_symbols(parser, "symbols to record (default: TRACKED_SYMBOLS)")
        parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
        parser.add_argument("--port", type=port, default=8000, help="(default: %(default)s)")
        parser.add_argument(
            "--demo",
            action="store_true",
            help=("replay recorded ticks endlessly, as if they happened now, into a separate tape"),
        )

    def handle(
        self, *, symbols: list[str], host: str, port: int, demo: bool, **options: Any
    ) -> None:
        try:
            listening = listen(host, port)
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {reason(error)}.") from None
        children = Children(demo_environment() if demo else {})
        try:
            with StopRequest() as stop, children:
                self.run(children, stop, symbols, listening, demo=demo)
        except ChildEnded as ended:
            if ended.has_said_why:
                sys.exit(1)
            raise CommandError(str(ended)) from None
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped immediately: unsaved work is lost.", returncode=INTERRUPTED
            ) from None

    def run(
        self,
        children: Children,
        stop: StopRequest,
        symbols: list[str],
        listening: socket.socket,
        *,
        demo: bool,
    ) -> None:
        if demo:
            children.environment |= where(children.announced(exchange, stop=stop))
        children.announced(recorder, symbols, stop=stop)
        if not stop():
            children.start(site, listening)
            self.stdout.write(f"The site is at {address(listening)} - Ctrl-C stops it.")
        children.watch(stop)


def demo_environment() -> dict[str, str]:
    """The demo's settings, on top of those that this command was given."""
    given = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    if given == DEMO_SETTINGS:
        return {}
    return {"DJANGO_SETTINGS_MODULE": DEMO_SETTINGS, "DEMO_SETTINGS_BASE": given}


def where(exchange: Address | None) -> dict[str, str]:
    """The settings that point a recorder to an exchange.

    None when a stop was requested before there was one.
    """
    if exchange is None:
        return {}
    return {"BINANCE_WS_URL": exchange.ws_url, "BINANCE_REST_URL": exchange.rest_url}


# What the children do. Those that others wait for announce when they are ready.


def exchange(ready: Connection) -> None:
    run_exchange(open_exchange([], speed=1, loop=True), "127.0.0.1", 0, ready.send)


def recorder(ready: Connection, symbols: list[str]) -> None:
    try:
        execute(["manage.py", "migrate", "--verbosity=0", "--symbols", *symbols])
        if settings.DEMO:
            with connect(application_name="start --demo") as database:
                begin_anew(database)
        ready.send(True)
        execute(["manage.py", "stream_prices", *symbols])
    finally:
        leave_database()


def begin_anew(database: psycopg.Connection) -> None:
    """Empty the tape: each demo has its own.

    Otherwise everything since the last demo, for days of it, would be fetched.
    """
    patiently(database, "empty the demo tape", lambda: empty(database), strong=False)


def empty(database: psycopg.Connection) -> None:
    with database.transaction():
        database.execute("TRUNCATE prices_price, prices_candle, prices_coarsecandle, prices_gap")
        database.execute(
            "UPDATE prices_symbol SET kept_from = NULL, pruned_through = NULL, heard_at = NULL"
        )


def leave_database() -> None:
    """Wait for the private server, which stops with its last user: nothing of ours keeps
    running.
    """
    if hasattr(connection, "release_server"):
        # We are stopping: a parent that requests it again, after systemd has, must not cut this
        # short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with contextlib.suppress(TimeoutError):
            connection.release_server(SERVER_STOP_TIMEOUT)


def site(listening: socket.socket) -> None:
    import django

    django.setup()

    from prices.live.broadcast import sign_off

    serve(listening, at_end=sign_off)
