"""The server's log: bounded, and asked for the reason when the server does not start."""

import os
import re
import shutil
from pathlib import Path

from .files import NO_LINK, PLAIN

# Bytes before a log is put aside, and the one put aside before it forgotten.
LIMIT = 5_000_000

# But for the farewells of a server that was killed before, whose children notice late.
FATAL = re.compile(r"(?:FATAL|PANIC): *(?!terminating connection)(\S.*)")


# What a program says that gives up; initdb goes on to tell what it removes.
COMPLAINT = re.compile(r"(?:FATAL|PANIC|error): *(\S.*)")


def size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def trim(log: Path) -> None:
    """Copy and empty a log that has grown too long: the server holds it open, and appends.

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
    """The last fatal words since then, or nothing."""
    return "".join(FATAL.findall(written(log, since))[-1:])


def last_line(log: Path, since: int = 0) -> str:
    return "".join(written(log, since).strip().splitlines()[-1:])


def complaint(output: Path) -> str:
    """Why a program gave up, out of what it wrote; nothing if it wrote nothing."""
    return "".join(COMPLAINT.findall(written(output, 0))[-1:]) or last_line(output)


def written(log: Path, since: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(since)
        return file.read().decode(errors="replace")
