"""`manage.py stream_prices`: record live prices until told to stop."""

import sys
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from psycopg.errors import UndefinedTable

from prices import symbols as spelling
from prices.exchange import symbols as listing
from prices.exchange.rest import Rest, Unanswered
from prices.exchange.stream import Stream
from prices.exchange.subscription import Subscription, aggregate_trades
from prices.recording.buffer import Buffer
from prices.recording.recorder import Recorder
from prices.recording.status import Status
from prices.recording.steady import SteadyTape
from prices.recording.tape import AWAY, Tape, connect
from prices.recording.writer import Writer
from prices.stopping import StopRequest
from pricetracker.reasons import first


def symbol(text: str) -> str:
    try:
        return spelling.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


class Command(BaseCommand):
    help = (
        "Record every trade of some symbols from the exchange's streams, until Ctrl-C or SIGTERM. "
        "What was received by then is committed first; a second Ctrl-C does not wait for that."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "symbols",
            nargs="*",
            type=symbol,
            metavar="SYMBOL",
            help=f"what to record (default: TRACKED_SYMBOLS, now {','.join(settings.TRACKED_SYMBOLS)})",
        )

    def handle(self, *args: Any, symbols: list[str], **options: Any) -> None:
        symbols = list(dict.fromkeys(symbols or settings.TRACKED_SYMBOLS))
        with (
            StopRequest() as stop,
            Rest(settings.BINANCE_REST_URL, stopped=stop, sleep=stop.wait) as rest,
        ):
            subscription = self.subscription(symbols)
            self.check_symbols(rest, symbols)
            stream = Stream(subscription, stopped=stop, sleep=stop.wait)
            buffer = Buffer()
            tape = SteadyTape(open_tape, symbols)
            self.check_database(tape)
            writer = Writer(
                buffer,
                symbols,
                heard=lambda: stream.heard,
                tape=tape,
                # Not self.stdout, which would end the line that is to be refreshed.
                status=Status(sys.stdout),
            )
            Recorder(stream, buffer, writer, stop).run()

    def subscription(self, symbols: list[str]) -> Subscription:
        try:
            return aggregate_trades(settings.BINANCE_WS_URL, symbols)
        except ValueError as error:
            raise CommandError(str(error)) from None

    def check_symbols(self, rest: Rest, symbols: list[str]) -> None:
        """A wrong symbol would be subscribed to and stay silent: the exchange does not object."""
        try:
            statuses = listing.check(rest, symbols)
        except Unanswered as error:
            self.stderr.write(
                f"The symbols could not be checked, so a wrong one will stay silent: {error}"
            )
            return
        except ValueError as error:
            raise CommandError(str(error)) from None
        for name, status in statuses.items():
            if status != "TRADING":
                self.stderr.write(f"{name} is not being traded now: its status is {status}.")

    def check_database(self, tape: SteadyTape) -> None:
        """At the start a database that is away is an error; later the recorder waits for it."""
        try:
            tape.opened()
        except AWAY as error:
            raise CommandError(f"The database cannot be used: {first(error)}") from None
        except UndefinedTable:
            raise CommandError(
                "The database has no tables yet: run `manage.py migrate` first."
            ) from None


def open_tape() -> Tape:
    return Tape(connect(application_name="stream_prices"))
