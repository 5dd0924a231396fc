"""The command line: what is wrong with the surroundings is told in one sentence, without a traceback."""

import signal
import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand
from django.db import OperationalError

from . import __version__, reasons


class CommandLine(ManagementUtility):
    def execute(self) -> None:
        """Run the command. `version` is ours: Django's own answers with the version of Django."""
        if self.argv[1:] in (["version"], ["--version"]):
            sys.stdout.write(f"pricetracker {__version__}\n")
        else:
            super().execute()

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Load a command. From then on Ctrl-C is an exception again, which it can answer in its own way."""
        command = super().fetch_command(subcommand)
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return command


def execute(arguments: Sequence[str]) -> None:
    """Run a management command; the first argument is the name of the program."""
    try:
        CommandLine(list(arguments)).execute()
    except ImproperlyConfigured as error:
        sys.exit(f"{arguments[0]}: {error}")
    except OperationalError as error:
        sys.exit(f"{arguments[0]}: The database cannot be used: {reasons.first(error)}")
