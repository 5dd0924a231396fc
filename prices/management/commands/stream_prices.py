"""`manage.py stream_prices`: record live prices until told to stop."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from prices.exchange import symbols as listing
from prices.exchange.rest import Rest, Stopped, Unanswered
from prices.exchange.subscription import Subscription, aggregate_trades
from prices.management.arguments import symbol
from prices.management.wiring import rest_api, usable_tape
from prices.recording.build import build_recorder
from prices.recording.line import connect
from prices.recording.tape import Tape
from prices.stopping import StopRequest


class Command(BaseCommand):
    help = (
        "Record every trade of some symbols from the exchange's streams, until Ctrl-C or SIGTERM, and fetch what is missing. "
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
            rest_api(stopped=stop, sleep=stop.wait) as rest,
        ):
            subscription = self.subscription(symbols)
            self.check_symbols(rest, symbols)
            recording = build_recorder(
                subscription,
                symbols,
                rest=rest,
                open_tape=open_tape,
                stop=stop,
                # Not self.stdout, which would end the line that is to be refreshed.
                out=sys.stdout,
            )
            # At the start a database that is away is an error; later the recorder waits for it.
            with usable_tape():
                recording.tapes[0].opened()
            recording.run()

    def subscription(self, symbols: list[str]) -> Subscription:
        try:
            return aggregate_trades(settings.BINANCE_WS_URL, symbols)
        except ValueError as error:
            raise CommandError(str(error)) from None

    def check_symbols(self, rest: Rest, symbols: list[str]) -> None:
        """A wrong symbol would be subscribed to and stay silent: the exchange does not object."""
        try:
            statuses = listing.check(rest, symbols)
        except Stopped:
            return
        except Unanswered as error:
            self.stderr.write(
                f"The symbols could not be checked, so a wrong one will stay silent: {error}"
            )
            return
        except ValueError as error:
            raise CommandError(str(error)) from None
        for name, status in statuses.items():
            if status != listing.TRADING:
                self.stderr.write(f"{name} is not being traded now: its status is {status}.")


def open_tape() -> Tape:
    return Tape(connect(application_name="stream_prices"))
