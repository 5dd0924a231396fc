"""The command line: invalid settings and a missing database end it with one sentence.

A stdout that fails (a full disk, a closed terminal, `| head`) never ends a command that records,
serves or changes the database. A command that prints results exits with code 1, at once; one that
changes the tape does so after its work.
"""

import signal
import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand
from django.db import OperationalError

from . import __version__, reasons
from .process import output
from .process.output import Use

# What stdout is to a command; to all others it is the result.
USES = {
    "start": Use.SHOWN,
    "stream_prices": Use.SHOWN,
    "runserver": Use.SHOWN,
    "replay_exchange": Use.SHOWN,
    "migrate": Use.SHOWN,
    "repair_gaps": Use.REPORT,
    "prune_prices": Use.REPORT,
}

# The exit code of a command whose results were not written, also when the reader went away.
UNWRITTEN = 1


class CommandLine(ManagementUtility):
    def execute(self) -> None:
        """Run the command. `version` is ours: Django's own prints the version of Django."""
        if self.argv[1:] in (["version"], ["--version"]):
            sys.stdout.write(f"pricetracker {__version__}\n")
        else:
            super().execute()

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Load a command. From then on Ctrl-C is an exception again, which it can handle itself."""
        command = super().fetch_command(subcommand)
        # runserver's reloader looks after a process of its own.
        if subcommand == "runserver" or signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return command


def run(arguments: Sequence[str]) -> None:
    """Run the command of this process, and manage its stdout and stderr."""
    name = arguments[1] if len(arguments) > 1 else ""
    output.prepare(USES.get(name, Use.RESULT))
    try:
        execute(arguments)
    except output.OutputFailed as failed:
        end_unwritten(arguments[0], failed.error)
    if error := output.failure():
        end_unwritten(arguments[0], error)


def end_unwritten(program: str, error: OSError) -> None:
    """Exit with UNWRITTEN. No message if the reader has gone, as `| head` does."""
    if not isinstance(error, BrokenPipeError):
        sys.stderr.write(f"{program}: {output.OutputFailed(error)}\n")
    sys.exit(UNWRITTEN)


def execute(arguments: Sequence[str]) -> None:
    """Run a management command; the first argument is the name of the program."""
    try:
        CommandLine(list(arguments)).execute()
    except ImproperlyConfigured as error:
        sys.exit(f"{arguments[0]}: {error}")
    except OperationalError as error:
        sys.exit(f"{arguments[0]}: The database cannot be used: {reasons.first(error)}")
