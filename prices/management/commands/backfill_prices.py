"""`manage.py backfill_prices`: history from before recording began."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from prices.backfill.archive_job import ArchiveJob
from prices.management.wiring import claimed_tape, usable_tape
from prices.patience import StoppedWaiting, no_longer_than
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.tape import Tape
from pricetracker.archive.errors import ArchiveError
from pricetracker.process.progress import Progress
from pricetracker.process.signals import StopRequest


class Command(BaseCommand):
    help = (
        "Import history from files of Binance's public archive, beside a running recorder or "
        "without one. What the tape has already is skipped, so Ctrl-C loses nothing and the next "
        "run continues. Exits with 1 when a file or a readable row was not imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--archive",
            nargs="+",
            type=Path,
            required=True,
            metavar="FILE_OR_FOLDER",
            help="files such as BTCUSDT-aggTrades-2025-07-03.zip, as they are downloaded, or "
            "unpacked, or gzipped; and folders of them",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="only say how many ticks it would be, how much disk space, and how long it takes",
        )

    def handle(self, *, archive: list[Path], dry_run: bool, **options: Any) -> None:
        with (
            usable_tape(),
            StopRequest() as stop,
            no_longer_than(stop),
            Progress(sys.stderr, "lines read") as progress,
        ):

            def say(line: str) -> None:
                progress.clear()
                self.stderr.write(line)

            try:
                job = ArchiveJob(archive, say=say, show=progress.tell, stop=stop)
                told, whole = self._run(job, stop, dry_run=dry_run)
            except (ArchiveError, StoppedWaiting) as error:
                raise CommandError(str(error)) from None
            progress.clear()
            for line in told:
                self.stdout.write(line)
            if stop():
                self.stderr.write("Stopped early. Run it again to continue.")
        if not whole:
            sys.exit(1)

    def _run(self, job: ArchiveJob, stop: StopRequest, *, dry_run: bool) -> tuple[list[str], bool]:
        if dry_run or stop():
            return job.plan(), job.is_readable
        tape = ReconnectingTape(open_tape, [], stopping(stop))
        try:
            # Nothing is read for a tape of another market.
            tape.once(lambda opened: None)
            return job.run(tape)
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
