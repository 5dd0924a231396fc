#!/usr/bin/env python
"""The command line: `python manage.py help` lists what it can do."""

import os
import sys

# What shells give as the exit code of a command that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")
    try:
        from pricetracker.commands import execute

        execute(sys.argv)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
