#!/usr/bin/env python
"""The command line: `python manage.py help` lists what it can do."""

import os
import signal
import sys
from types import FrameType

# The exit code that shells give for a command that Ctrl-C ended.
INTERRUPTED = 130

# They run until they are stopped, which is no failure: not even at once.
SERVICES = ("start", "stream_prices", "runserver", "replay_exchange")


def main() -> None:
    answer_signals(sys.argv[1:2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pricetracker.settings")
    try:
        from pricetracker.commands import run

        run(sys.argv)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def answer_signals(command: list[str]) -> None:
    """Until a command is loaded, a signal ends the process.

    Nothing is in progress then, and an exception can be lost when it is raised during an import.
    Process 1 of a container has no default handlers, and would not even end.

    A signal that was ignored from the start stays ignored.
    """
    service = bool(command) and command[0] in SERVICES
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave if service else signal.SIG_DFL)


def leave(number: int, frame: FrameType | None) -> None:
    os._exit(0)


if __name__ == "__main__":
    main()
