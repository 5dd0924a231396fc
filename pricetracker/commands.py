"""The command line: what is wrong with the surroundings is told in one sentence, without a traceback."""

import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from . import reasons


def execute(arguments: Sequence[str]) -> None:
    """Run a management command; the first argument is the name of the program."""
    try:
        execute_from_command_line(list(arguments))
    except ImproperlyConfigured as error:
        sys.exit(f"{arguments[0]}: {error}")
    except OperationalError as error:
        sys.exit(f"{arguments[0]}: The database cannot be used: {reasons.first(error)}")
