#!/usr/bin/env python
"""The command line: `python manage.py help` lists what it can do."""

import os
import signal
import sys

# What shells give as the exit code of a command that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    # Until a command is loaded nothing is under way, and Ctrl-C simply ends us: the exception that Python makes of it can
    # be lost when it is raised in the middle of an import. (Who was started deaf to it stays so.)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")
    try:
        from pricetracker.commands import run

        run(sys.argv)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
