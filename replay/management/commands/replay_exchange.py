"""manage.py replay_exchange: the local exchange."""

import argparse
import math
import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from replay.archive import RecordingError
from replay.exchange import open_exchange
from replay.server import Address, run
from replay.signals import on_stop

DEFAULT_PORT = 9443  # as the real exchange's streams


def speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        factor = float(text)
    except ValueError:
        factor = 0
    if not 0 < factor < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number above zero nor max.")
    return factor


def port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give 0 to 65535.")
    return int(text)


class Command(BaseCommand):
    help = "A local exchange: serves recorded ticks over the real protocol, streams and REST."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files",
            metavar="FILE",
            nargs="*",
            type=Path,
            help="recorded ticks, like BTCUSDT-aggTrades-2025-07-03.csv, .csv.gz or .csv.zip"
            " (default: the recordings that come with the project)",
        )
        parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
        parser.add_argument(
            "--port",
            type=port,
            default=DEFAULT_PORT,
            help="0 takes a free one (default: %(default)s)",
        )
        parser.add_argument(
            "--speed",
            metavar="X",
            type=speed,
            default=1.0,
            help="times as fast as it happened; max: as fast as clients take it (default: 1)",
        )
        parser.add_argument(
            "--loop",
            action="store_true",
            help="for ever, and in the present: the recording laid end to end since its own day",
        )

    def handle(
        self, *, files: list[Path], host: str, port: int, speed: float, loop: bool, **options: Any
    ) -> None:
        try:
            # Loading a big day takes a while, and a stop is to be a clean one then too.
            with on_stop(signal.default_int_handler):
                exchange = open_exchange(files, speed=speed, loop=loop)
            run(exchange, host, port, self.ready)
        except RecordingError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
        except KeyboardInterrupt:
            pass

    def ready(self, address: Address) -> None:
        self.stdout.write(
            "The exchange is open:"
            f" BINANCE_WS_URL={address.ws_url} BINANCE_REST_URL={address.rest_url}"
        )
        self.stdout.flush()
