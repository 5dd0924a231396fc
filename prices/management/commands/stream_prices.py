"""`manage.py stream_prices`: record live prices until told to stop."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from prices.backfill.progress import Progress
from prices.backfill.repairer import Repairer
from prices.backfill.worker import Worker
from prices.exchange import symbols as listing
from prices.exchange.rest import Rest, Stopped, Unanswered
from prices.exchange.stream import Event, Stream
from prices.exchange.subscription import Subscription, aggregate_trades
from prices.management.arguments import symbol
from prices.management.wiring import rest_api, usable_tape
from prices.recording.buffer import Buffer
from prices.recording.line import connect
from prices.recording.lookout import Looked, Lookout
from prices.recording.pace import Pace
from prices.recording.recorder import Recorder
from prices.recording.status import Status
from prices.recording.steady import SteadyTape
from prices.recording.tape import Tape
from prices.recording.writer import Writer
from prices.stopping import StopRequest

logger = logging.getLogger(__name__)

# Seconds that an answer of REST is waited for at the end: what it would bring can be fetched again.
PATIENCE = 2.0


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
            stream = Stream(subscription, stopped=stop, sleep=stop.wait)
            buffer: Buffer[Event | Looked] = Buffer()
            tape = SteadyTape(open_tape, symbols)
            # At the start a database that is away is an error; later the recorder waits for it.
            with usable_tape():
                tape.opened()
            pace = Pace(symbols, time.monotonic())
            writer = Writer(
                buffer,
                symbols,
                heard=lambda: stream.heard,
                tape=tape,
                # Not self.stdout, which would end the line that is to be refreshed.
                status=Status(sys.stdout),
                pace=pace,
                renew=stream.renew,
            )
            with self.beside(rest, symbols, pace, writer, stop):
                Recorder(stream, buffer, writer, stop).run()

    @contextmanager
    def beside(
        self, rest: Rest, symbols: list[str], pace: Pace, writer: Writer, stop: StopRequest
    ) -> Iterator[None]:
        """Beside the recording, what takes REST: missing trades are fetched, and silent symbols looked at."""
        tape = SteadyTape(open_tape, symbols)
        repairer = Repairer(tape, rest, symbols, filled=writer.tally.fill)
        progress = Progress(repairer, logger.info)
        lookout = Lookout(
            pace,
            rest,
            tape,
            breaks=lambda: writer.vouching.breaks,
            hand_over=writer.buffer.put,
        )

        def repair() -> bool:
            turn = repairer.turn()
            progress.tell(at_once=turn is None)
            return turn is not None

        worker = Worker([repair, lookout.turn], stopped=stop)
        worker.start()
        try:
            yield
        finally:
            worker.end(PATIENCE)
            tape.close()

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
