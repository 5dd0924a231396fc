"""`manage.py verify_prices`: whether the tape holds what it claims to hold."""

import sys
import time
from contextlib import nullcontext
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandParser

from prices.audit.candle_audit import CandleAudit
from prices.audit.coarse_audit import CoarseAudit
from prices.audit.findings import Findings
from prices.audit.kline_comparison import KlineComparison
from prices.audit.misdated_ticks import audit_times
from prices.audit.report import lines
from prices.audit.scan import Scan
from prices.audit.strays import audit_strays
from prices.audit.tick_audit import TickAudit
from prices.exchange.rest_errors import Refused, Unanswered
from prices.management.arguments import add_symbols
from prices.management.wiring import claimed_tape, recorded, rest_api, usable_tape
from prices.recording.session import connect
from prices.recording.tape import Tape
from pricetracker.process.progress import Progress


class Removing(NamedTuple):
    """Which ticks to delete."""

    misdated: bool
    strays: bool


class Command(BaseCommand):
    help = (
        "Audit the tape from the ticks up: every missing trade id in a known "
        "gap, every candle equal to its ticks. Prints one line per symbol; exits "
        "with 1 when anything is missing or wrong. Adds unknown gaps to the gap "
        "ledger."
    )

    # How to wait for the exchange.
    sleep = staticmethod(time.sleep)

    def add_arguments(self, parser: CommandParser) -> None:
        add_symbols(parser, "symbols to audit (default: every recorded symbol)")
        parser.add_argument(
            "--exchange",
            action="store_true",
            help="also compare closed minutes with the exchange's own klines",
        )
        parser.add_argument(
            "--refold",
            action="store_true",
            help="rebuild candles that differ from their ticks",
        )

        parser.add_argument(
            "--remove-misdated",
            action="store_true",
            help="delete ticks with impossible times; repair_gaps then fetches them again",
        )
        parser.add_argument(
            "--remove-strays",
            action="store_true",
            help="delete ticks at either end of a tape that the exchange does not know",
        )

    def handle(
        self,
        *args: Any,
        symbols: list[str],
        exchange: bool,
        refold: bool,
        remove_misdated: bool = False,
        remove_strays: bool = False,
        **options: Any,
    ) -> None:
        with usable_tape(), connect(application_name="verify_prices") as database:
            if exchange or remove_strays:
                # What another market publishes proves nothing.
                claimed_tape("verify_prices").close()
            tape = Tape(database)
            tape.register(recorded(symbols))
            removing = Removing(misdated=remove_misdated, strays=remove_strays)
            complete = self._audit(tape, exchange=exchange, refold=refold, removing=removing)
        if not complete:
            sys.exit(1)

    def _audit(self, tape: Tape, *, exchange: bool, refold: bool, removing: Removing) -> bool:
        """Whether everything is complete, and was compared with the exchange if that was
        requested.
        """
        complete = True
        asks = exchange or removing.strays
        # Not among the findings, which may be redirected.
        with (
            Progress(sys.stderr, "ticks read") as progress,
            rest_api(sleep=self.sleep) if asks else nullcontext() as rest,
        ):
            for name in sorted(tape.numbers):
                scan, findings = Scan(tape, name), Findings(name)
                audit_times(tape, findings, remove=removing.misdated)
                try:
                    audit_strays(tape, findings, rest, remove_unknown=removing.strays)
                except Unanswered as error:
                    progress.clear()
                    self.stderr.write(f"{name}: the exchange could not be asked: {error}")
                    complete = False
                TickAudit(tape, scan, findings, progress).run()
                CandleAudit(tape, scan, findings, progress).run(refold=refold)
                CoarseAudit(tape, scan, findings, progress).run(refold=refold)
                try:
                    if rest is not None and exchange:
                        KlineComparison(rest, scan, findings, progress).run()
                except Unanswered as error:
                    progress.clear()
                    self.stderr.write(f"{name} could not be compared with the exchange: {error}")
                    complete = False
                    # The exchange may object to this symbol only; otherwise it will not answer for
                    # the next one either.
                    exchange = isinstance(error, Refused)
                progress.clear()
                for line in lines(findings):
                    self.stdout.write(line)
                complete = complete and findings.is_complete
        return complete
