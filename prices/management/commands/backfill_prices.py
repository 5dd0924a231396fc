"""`manage.py backfill_prices`: history from before recording began."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from prices.backfill.archive_job import ArchiveJob
from prices.backfill.rest_job import RestJob, Wish
from prices.formats import instants
from prices.management.arguments import add_symbols
from prices.management.wiring import claimed_tape, rest_api, usable_tape
from prices.patience import StoppedWaiting, no_longer_than
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.tape import Tape
from pricetracker.archive.errors import ArchiveError
from pricetracker.process.progress import Progress
from pricetracker.process.signals import StopRequest

Result = tuple[list[str], bool]


def instant(text: str) -> datetime:
    """An argparse type: an instant as the API takes it."""
    try:
        return instants.parse(text).instant
    except ValueError as error:
        # Only in a URL is a plus sign written so.
        raise ArgumentTypeError(f"{text!r}: {error}".replace("%2B", "+")) from None


class Command(BaseCommand):
    help = (
        "Import history: from the exchange's REST API, or from files of Binance's public archive; "
        "beside a running recorder or without one. What the tape has already is skipped, so "
        "Ctrl-C loses nothing and the next run continues. Exits with 1 when the range is not "
        "whole, or when a file or a readable row was not imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_symbols(parser, "symbols to fetch from REST")
        parser.add_argument(
            "--from",
            dest="start",
            type=instant,
            metavar="T",
            help="fetch the trades from this instant on, such as 2026-11-01 or "
            "2026-11-01T08:30:00Z",
        )
        parser.add_argument(
            "--to",
            dest="end",
            type=instant,
            metavar="T",
            help="to before this instant (default: now)",
        )
        parser.add_argument(
            "--archive",
            nargs="+",
            type=Path,
            metavar="FILE_OR_FOLDER",
            help="files such as BTCUSDT-aggTrades-2025-07-03.zip, as they are downloaded, or "
            "unpacked, or gzipped; and folders of them",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="only say how many ticks it would be, how much disk space and request weight, "
            "and how long it takes",
        )
        order = parser.add_mutually_exclusive_group()
        order.add_argument(
            "--newest-first",
            action="store_true",
            help="fetch the newest trades first, so that the tape grows backwards (default)",
        )
        order.add_argument("--oldest-first", action="store_true", help="fetch the oldest first")

    def handle(
        self,
        *,
        symbols: list[str],
        start: datetime | None,
        end: datetime | None,
        archive: list[Path] | None,
        dry_run: bool,
        oldest_first: bool,
        **options: Any,
    ) -> None:
        if archive and (symbols or start or end):
            raise CommandError(
                "--archive takes all that is in its files: leave out symbols, --from and --to."
            )
        if not archive and not (symbols and start):
            raise CommandError(
                "Name symbols and --from, to fetch from REST; or files, with --archive."
            )
        if start and end and end <= start:
            raise CommandError("--to must be later than --from.")
        with usable_tape(), StopRequest() as stop, no_longer_than(stop):
            try:
                if archive:
                    whole = self._from_archive(archive, stop, dry_run=dry_run)
                elif start:
                    wish = Wish(start, end, newest_first=not oldest_first)
                    whole = self._from_rest(symbols, wish, stop, dry_run=dry_run)
            except (ArchiveError, StoppedWaiting) as error:
                raise CommandError(str(error)) from None
            if stop():
                self.stderr.write("Stopped early. Run it again to continue.")
        if not whole:
            sys.exit(1)

    def _from_archive(self, paths: list[Path], stop: StopRequest, *, dry_run: bool) -> bool:
        with (
            Progress(sys.stderr, "lines read") as progress,
            nullcontext() if dry_run else opened(stop) as tape,
        ):
            job = ArchiveJob(paths, say=self._say(progress), show=progress.tell, stop=stop)
            if tape is None or stop():
                return self._tell(progress, (job.plan(), job.is_readable))
            return self._tell(progress, job.run(tape))

    def _from_rest(
        self, symbols: list[str], wish: Wish, stop: StopRequest, *, dry_run: bool
    ) -> bool:
        with (
            Progress(sys.stderr, "ticks fetched") as progress,
            rest_api(stopped=stop, sleep=stop.wait) as rest,
            opened(stop) as tape,
        ):
            chosen = list(dict.fromkeys(symbols))
            say = self._say(progress)
            job = RestJob(rest, chosen, wish, say=say, show=progress.tell, stop=stop)
            return self._tell(progress, job.run(tape, dry_run=dry_run))

    def _say(self, progress: Progress) -> Callable[[str], None]:
        def say(line: str) -> None:
            progress.clear()
            self.stderr.write(line)

        return say

    def _tell(self, progress: Progress, result: Result) -> bool:
        told, whole = result
        progress.clear()
        for line in told:
            self.stdout.write(line)
        return whole


@contextmanager
def opened(stop: StopRequest) -> Iterator[ReconnectingTape]:
    """The tape, without any symbol. Nothing is read for one that belongs to another market."""
    tape = ReconnectingTape(open_tape, [], stopping(stop))
    try:
        tape.once(lambda tape: None)
        yield tape
    finally:
        tape.close()


def stopping(stop: StopRequest) -> Callable[[float], None]:
    """A sleep between two attempts to reach the database, which ends when a stop is requested."""

    def sleep(seconds: float) -> None:
        stop.wait(seconds)
        if stop():
            raise StoppedWaiting("Stopped while the database was unavailable.")

    return sleep


def open_tape() -> Tape:
    return claimed_tape("backfill_prices")
