"""The server's log: bounds its size, and finds in it why the server did not start."""

import os
import re
import shutil
from pathlib import Path

from .files import NO_LINK, PLAIN

# Bytes. A longer log is copied to a second file, whose previous content is lost, and emptied.
LIMIT = 5_000_000

# Errors that end a server. Not those by which children of one that was killed earlier say goodbye.
FATAL = re.compile(r"(?:FATAL|PANIC): *(?!terminating connection)(\S.*)")

# The error of a program that failed; initdb writes more lines after it.
COMPLAINT = re.compile(r"(?:FATAL|PANIC|error): *(\S.*)")


def size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def trim(log: Path) -> None:
    """Copy and empty a log that is too long. The server keeps it open, and appends.

    No link is followed: root may do this in the folder of another user.
    """
    if not log.is_symlink() and size(log) > LIMIT:
        old = log.with_suffix(".old")
        old.unlink(missing_ok=True)
        descriptor = os.open(log, os.O_RDWR | PLAIN | NO_LINK)
        with os.fdopen(descriptor, "r+b") as grown, old.open("xb") as kept:
            shutil.copyfileobj(grown, kept)
            grown.truncate(0)


def fatal(log: Path, since: int) -> str:
    """The last fatal error after byte `since`; empty when there is none."""
    return "".join(FATAL.findall(written(log, since))[-1:])


def last_line(log: Path, since: int = 0) -> str:
    return "".join(written(log, since).strip().splitlines()[-1:])


def complaint(output: Path) -> str:
    """Why a program failed, from its output; empty when it wrote nothing."""
    return "".join(COMPLAINT.findall(written(output, 0))[-1:]) or last_line(output)


def written(log: Path, since: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(since)
        return file.read().decode(errors="replace")
