"""`manage.py prune_prices`: delete old ticks, and keep their candles."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from prices.formats.instants import iso
from prices.management.arguments import add_symbols
from prices.management.wiring import recorded, usable_tape
from prices.patience import StoppedWaiting, no_longer_than
from prices.recording.session import connect
from prices.recording.tape import Pruned, Tape
from prices.retention import age
from prices.retention.pruner import prune, survey
from prices.retention.summary import PruneSummary
from pricetracker.process.progress import Progress
from pricetracker.process.signals import StopRequest


def keep(text: str) -> timedelta:
    try:
        return age.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


class Command(BaseCommand):
    help = (
        "Delete ticks older than a given age, in small steps; a recorder may "
        "keep running. Candles and gaps are kept, and so is the tick that was "
        "the price at that age. Ctrl-C stops it cleanly; the next run continues."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_symbols(parser, "symbols to prune (default: every symbol on the tape)")
        parser.add_argument(
            "--keep",
            required=True,
            type=keep,
            metavar="AGE",
            help="maximum age of ticks, in days or weeks, such as 90d or 12w; at least 2d",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="only count what would be deleted",
        )

    def handle(
        self, *args: Any, symbols: list[str], keep: timedelta, dry_run: bool, **options: Any
    ) -> None:
        cutoff = datetime.now(UTC) - keep
        with (
            usable_tape(),
            StopRequest() as stop,
            suppress(StoppedWaiting),
            no_longer_than(stop),
            connect(application_name="prune_prices") as database,
        ):
            tape = Tape(database)
            tape.register(recorded(symbols))
            for name in sorted(tape.numbers):
                if dry_run:
                    steps, verb = survey(tape, name, cutoff), "would be pruned"
                else:
                    steps, verb = prune(tape, name, cutoff, rest=stop.wait), "pruned"
                self._follow(steps, PruneSummary(name, cutoff), verb, stop)
                if stop():
                    break
        if stop():
            self.stderr.write(f"Stopped early.{'' if dry_run else ' Run it again to continue.'}")
            sys.exit(1)

    def _follow(
        self, steps: Iterable[Pruned], account: PruneSummary, verb: str, stopped: Callable[[], bool]
    ) -> None:
        # Not among the results, which may be redirected.
        with Progress(sys.stderr, f"ticks {verb}") as progress:
            for step in steps:
                account.add(step)
                reached = f" up to {iso(account.ends)}" if account.ends else ""
                progress.tell(f"{account.symbol}{reached}", step.ticks, account.part)
                if stopped():
                    break
        self.stdout.write(account.told(verb))
