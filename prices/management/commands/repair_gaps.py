"""`manage.py repair_gaps`: fetch the missing trades."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from prices.exchange import exchange_info as listing
from prices.exchange.rest import Rest
from prices.exchange.rest_errors import Stopped, Unanswered
from prices.formats.counts import counted
from prices.management.arguments import add_symbols
from prices.management.wiring import claimed_tape, recorded, rest_api, usable_tape
from prices.patience import StoppedWaiting, no_longer_than
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.tape import Tape
from prices.repair.repairer import Repairer, Turn
from pricetracker.process.progress import Progress
from pricetracker.process.signals import StopRequest

# Consecutive attempts without a result before it gives up: some two minutes, with the growing
# pauses between them.
ATTEMPTS = 8

# Open gaps that are listed one by one at the end.
SHOWN = 10

# Seconds between two checks whether a pause is over.
CHECK_INTERVAL = 0.2


class Command(BaseCommand):
    help = (
        "Fetch missing trades from the exchange's REST API. Exits with 0 when no "
        "gap is open; otherwise with 1, and lists the remaining gaps and the "
        "reasons."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_symbols(parser, "symbols to repair (default: every symbol on the tape)")

    def handle(self, *, symbols: list[str], **options: Any) -> None:
        with (
            usable_tape(),
            StopRequest() as stop,
            no_longer_than(stop),
            rest_api(stopped=stop, sleep=stop.wait) as rest,
        ):
            chosen = recorded(symbols)
            tape = ReconnectingTape(open_tape, chosen)
            repairer = Repairer(tape, rest, chosen)
            try:
                self._learn_limits(rest, chosen)
                self._repair(repairer, stop)
                left = self._report(repairer)
            except StoppedWaiting as stopped:
                raise CommandError(str(stopped)) from None
            finally:
                tape.close()
        if left:
            sys.exit(1)

    def _learn_limits(self, rest: Rest, symbols: list[str]) -> None:
        """The list of symbols contains the rate limits.

        Without an answer the usual limit is kept.
        """
        try:
            listing.ask(rest, symbols[:1])
        except (Unanswered, Stopped) as error:
            self.stderr.write(f"The exchange's rate limits could not be read. {error}".rstrip())

    def _repair(self, repairer: Repairer, stop: StopRequest) -> None:
        """Run until no gap may still be repaired, nothing arrives for a while, or it is stopped."""
        in_vain = 0
        with Progress(sys.stderr, "missing ticks fetched") as progress:
            work = Work(repairer, progress)
            while repairer.repairable() and in_vain < ATTEMPTS and not stop():
                try:
                    turn = repairer.turn()
                except Stopped:
                    break
                if turn is None:
                    stop.wait(CHECK_INTERVAL)
                elif turn in (Turn.BEHIND, Turn.UNANSWERED):
                    in_vain += 1
                elif turn is not Turn.WITHHELD:
                    in_vain = 0
                work.show()

    def _report(self, repairer: Repairer) -> int:
        """Print what is left and why, and return the number of open gaps."""
        missing, left = repairer.missing(), repairer.repairable()
        withheld, pruned = len(missing.gaps) - left, repairer.pruned()
        if repairer.ticks:
            self.stdout.write(f"{counted(repairer.ticks, 'missing tick')} fetched.")
        if not missing.gaps:
            self.stdout.write("No trades are missing.")
        if pruned:
            # Nobody requests these any more: they are no longer counted as open.
            self.stdout.write(
                f"Skipped: {counted(pruned, 'gap')} in pruned ranges, which are no longer repaired."
            )
        if withheld:
            self.stderr.write(
                f"{counted(withheld, 'gap')} cannot be repaired: the exchange does not "
                "return these trades. It may return them some days later; run this "
                "command again then."
            )
        if left:
            self.stderr.write(f"Still open: {counted(left, 'gap')}. Run this command again later.")
        for gap in repairer.reasons(SHOWN):
            self.stderr.write(
                f"  {gap.symbol}: trades {gap.first} to {gap.last}, "
                f"{counted(gap.attempts, 'attempt')}: {gap.last_error or 'not fetched yet'}"
            )
        if len(missing.gaps) > SHOWN:
            self.stderr.write(
                f"  and {len(missing.gaps) - SHOWN:,} more: /api/gaps/?status=open lists them."
            )
        return len(missing.gaps)


class Work:
    """How much of what was missing at first has been fetched. New gaps may open meanwhile."""

    def __init__(self, repairer: Repairer, progress: Progress) -> None:
        self._repairer = repairer
        self._progress = progress
        self._at_first = repairer.missing().trades
        self._ticks = repairer.ticks

    def show(self) -> None:
        missing = self._repairer.missing()
        left = f"{counted(missing.trades, 'trade')} in {counted(len(missing.gaps), 'gap')} missing"
        fetched, self._ticks = self._repairer.ticks - self._ticks, self._repairer.ticks
        part = max(0.0, 1 - missing.trades / self._at_first) if self._at_first else None
        self._progress.tell(left, fetched, part)


def open_tape() -> Tape:
    return claimed_tape("repair_gaps")
