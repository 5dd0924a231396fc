"""manage.py replay_exchange: the local exchange."""

import argparse
import math
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pricetracker.process.arguments import port
from pricetracker.process.stop_signals import on_stop
from replay.archive import RecordingError
from replay.exchange import Exchange, open_exchange
from replay.faults import script
from replay.faults.fault import Fault
from replay.faults.storm import storm
from replay.server import Address, run

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


def seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number.")
    return int(text)


class Command(BaseCommand):
    help = "A local exchange: serves recorded trades over Binance's protocol, streams and REST."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files",
            metavar="FILE",
            nargs="*",
            type=Path,
            help="files of recorded trades, such as BTCUSDT-aggTrades-2025-07-03.zip, "
            ".csv or .csv.gz (default: the recordings included in the project)",
        )
        parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
        parser.add_argument(
            "--port",
            type=port,
            default=DEFAULT_PORT,
            help="0 picks a free one (default: %(default)s)",
        )
        parser.add_argument(
            "--speed",
            metavar="X",
            type=speed,
            default=1.0,
            help="multiple of the original speed; max: as fast as clients read (default: 1)",
        )
        parser.add_argument(
            "--loop",
            action="store_true",
            help="repeat the recording endlessly, as if it happened now",
        )

        parser.add_argument(
            "--faults",
            metavar="FILE",
            type=Path,
            help="a script of faults, one per line (docs/torture.md lists them)",
        )
        parser.add_argument(
            "--storm",
            dest="seed",
            metavar="SEED",
            type=seed,
            help="random faults without end; the same seed gives the same faults",
        )

    def handle(
        self,
        *,
        files: list[Path],
        host: str,
        port: int,
        speed: float,
        loop: bool,
        faults: Path | None,
        seed: int | None,
        **options: Any,
    ) -> None:
        try:
            # Loading a big day takes a while, and a stop must be a clean one then too.
            with on_stop(signal.default_int_handler):
                played = script.read(faults) if faults else []
                exchange = open_exchange(files, speed=speed, loop=loop)
            for fault in played:
                check_symbol(fault, exchange)
                exchange.faults.add(fault)
            if seed is not None:
                exchange.faults.follow(storm(seed, list(exchange.ledger.markets)))
            run(exchange, host, port, partial(self._ready, seed))
            for line in summary(exchange.judge.report()):
                self.stdout.write(line)
        except (RecordingError, script.ScriptError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
        except KeyboardInterrupt:
            pass

    def _ready(self, seed: int | None, address: Address) -> None:
        self.stdout.write(
            "The exchange is open:"
            f" BINANCE_WS_URL={address.ws_url} BINANCE_REST_URL={address.rest_url}"
        )
        if seed is not None:
            self.stdout.write(f"Storm {seed} begins with the first client.")
        self.stdout.flush()


def check_symbol(fault: Fault, exchange: Exchange) -> None:
    """A fault of a symbol that is not listed would silently never occur."""
    listed = exchange.ledger.markets
    if fault.symbol and fault.symbol not in listed:
        known = ", ".join(listed)
        raise script.ScriptError(
            f"{fault.name} cannot hit {fault.symbol}: the exchange lists {known}."
        )


def summary(report: dict[str, Any]) -> Iterator[str]:
    """The judge's report, one line per figure."""
    yield (
        f"connects: {report['connects']}, "
        f"at most {report['most_connects_in_5_minutes']} in 5 minutes"
    )
    yield f"client frames: at most {report['most_frames_in_a_second']} in a second"
    yield f"requests: {report['requests']}"
    yield (
        f"request weight: {report['weight']}, "
        f"at most {report['most_weight_in_a_minute']} in a minute"
    )
    faults = (f"{name} {count}" for name, count in report["faults"].items())
    yield f"faults: {', '.join(faults) or 'none'}"
    yield f"violations: {len(report['violations']) or 'none'}"
    yield from report["violations"]
