"""`manage.py stream_prices`: record live prices until it is stopped."""

import json
import logging
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DataError

from prices.exchange import exchange_info as listing
from prices.exchange.rest import Rest
from prices.exchange.rest_errors import Stopped, Unanswered
from prices.exchange.subscription import Subscription, aggregate_trades
from prices.management.arguments import add_symbols
from prices.management.wiring import claimed_tape, rest_api, usable_tape
from prices.models import Candle, Listing, Symbol
from prices.patience import StoppedWaiting, no_longer_than, patiently_in_django
from prices.recording.build import Recording, build_recorder
from prices.recording.database_errors import Refusal
from prices.recording.tape import Tape
from pricetracker.process.signals import StopRequest
from pricetracker.reasons import first

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Record every trade of the given symbols, and fetch missing ones, until "
        "Ctrl-C, SIGTERM or SIGHUP. Pending ticks are committed before exit; "
        "press Ctrl-C again to quit at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_symbols(
            parser,
            (
                "symbols to record (default: TRACKED_SYMBOLS, now "
                f"{','.join(settings.TRACKED_SYMBOLS)})"
            ),
        )

    def handle(self, *args: Any, symbols: list[str], **options: Any) -> None:
        symbols = list(dict.fromkeys(symbols or settings.TRACKED_SYMBOLS))
        with (
            StopRequest() as stop,
            rest_api(stopped=stop, sleep=stop.wait) as rest,
        ):
            try:
                with no_longer_than(stop):
                    recording = self.prepare(symbols, rest, stop)
            except StoppedWaiting as stopped:
                self.stderr.write(str(stopped))
                return
            except CommandError:
                # Whoever stops all processes at once stops the database too: no failure of ours.
                if not stop():
                    raise
                return
            try:
                recording.run()
            except Refusal as error:
                raise CommandError(str(error)) from None

    def prepare(self, symbols: list[str], rest: Rest, stop: StopRequest) -> Recording:
        """A recorder that can begin. Raises CommandError for what would only fail later."""
        subscription = self._subscription(symbols)
        described = self._check_symbols(rest, symbols)
        recording = build_recorder(
            subscription,
            symbols,
            rest=rest,
            open_tape=open_tape,
            stop=stop,
            # Not self.stdout, which would end the line that is to be refreshed.
            out=sys.stdout,
        )
        # At the start an unavailable database is an error; later the recorder waits for it.
        with usable_tape():
            recording.tapes[0].opened()
            patiently_in_django("keep how symbols are listed", partial(keep, described))
        return recording

    def _subscription(self, symbols: list[str]) -> Subscription:
        try:
            return aggregate_trades(settings.BINANCE_WS_URL, symbols)
        except ValueError as error:
            raise CommandError(str(error)) from None

    def _check_symbols(self, rest: Rest, symbols: list[str]) -> Mapping[str, bytes]:
        """A misspelled symbol would be subscribed to without an error from the exchange, and send
        nothing.

        One that is on the tape was right once: it was delisted, and does not prevent the start.
        Returns how the exchange describes those that it lists, as JSON.
        """
        try:
            found = listing.look_up(rest, symbols)
        except Stopped:
            return {}
        except Unanswered as error:
            self.stderr.write(
                f"The symbols could not be checked; a misspelled one records nothing: {error}"
            )
            return {}
        delisted = on_tape(found.unlisted)
        if wrong := [name for name in found.unlisted if name not in delisted]:
            raise CommandError(found.refusal(wrong))
        for name in delisted:
            self.stderr.write(
                f"{name} is on the tape, but the exchange no longer lists it: nothing new "
                "will be recorded."
            )
        for name, status in found.statuses.items():
            if status != listing.TRADING:
                self.stderr.write(f"{name} is not trading now: its status is {status}.")
        return found.bodies


def on_tape(symbols: list[str]) -> list[str]:
    """The symbols of which something was ever recorded. Their candles outlive their ticks."""
    if not symbols:
        return []
    with usable_tape():
        return patiently_in_django("read the symbols", partial(with_candles, symbols))


def with_candles(symbols: list[str]) -> list[str]:
    rows = Symbol.objects.filter(name__in=symbols)
    return [row.name for row in rows if has_candles(row.pk)]


def has_candles(symbol: int) -> bool:
    return Candle.objects.filter(symbol=symbol).exists()


def keep(described: Mapping[str, bytes]) -> None:
    """Keep how the exchange describes the symbols, for `/api/v3/exchangeInfo`.

    It is only shown: what the database cannot keep does not prevent the start.
    """
    try:
        Listing.objects.keep({name: json.loads(body) for name, body in described.items()})
    except (ValueError, RecursionError, DataError) as error:
        logger.warning("How the exchange lists the symbols cannot be kept: %s", first(error))


def open_tape() -> Tape:
    return claimed_tape("stream_prices")
