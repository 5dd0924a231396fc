"""Files in the cluster's folder, opened so that nobody's links lead us out of it.

Root may find the folder of another user, who can put a link wherever root is going to write. Then every
step below the folder is taken from the one before, and none may be a link. Users may link what is theirs.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .account import Account

# A pipe does not wait for its other end.
PLAIN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)

PRIVATE = 0o600


@contextmanager
def parent(path: Path, folder: Path, account: Account | None) -> Iterator[tuple[str, int | None]]:
    """The arguments by which os.open finds a path below the folder: a name, and where it is one."""
    if sys.platform == "win32" or account is None:
        yield str(path), None
        return
    *steps, name = path.relative_to(folder).parts
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for step in steps:
            inner = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        yield name, place
    finally:
        os.close(place)


def opened(path: Path, flags: int, folder: Path, account: Account | None) -> int:
    """A descriptor of a regular file, which belongs to the account. Raises OSError for anything else."""
    flags |= PLAIN | (NO_LINK if account else 0)
    try:
        with parent(path, folder, account) as (name, place):
            descriptor = os.open(name, flags, PRIVATE, dir_fd=place)
    except OSError as error:
        # A folder that is a link is no directory to O_NOFOLLOW.
        if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
            raise
        raise OSError(
            f"{path} is reached through a symbolic link, which root does not follow here"
        ) from None
    found = os.fstat(descriptor)
    # A second name of a file may be a link to one that is not the user's.
    if not stat.S_ISREG(found.st_mode) or (account and found.st_nlink > 1):
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file with exactly one name")
    if sys.platform != "win32" and account is not None and flags & os.O_CREAT:
        os.fchown(descriptor, account.uid, account.gid)
    return descriptor


def read(path: Path, folder: Path, account: Account | None) -> bytes:
    with os.fdopen(opened(path, os.O_RDONLY, folder, account), "rb") as file:
        return file.read()


def append(path: Path, folder: Path, account: Account | None) -> BinaryIO:
    """Opened to write at its end, made when it is not there."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.fdopen(opened(path, flags, folder, account), "ab")


def replace(path: Path, content: bytes, folder: Path, account: Account | None) -> None:
    """Put a new file in the place of whatever is there."""
    draft = path.with_name(path.name + ".new")
    with parent(draft, folder, account) as (name, place), suppress(FileNotFoundError):
        os.unlink(name, dir_fd=place)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(opened(draft, flags, folder, account), "wb") as file:
        file.write(content)
    with parent(path, folder, account) as (name, place):
        source = str(draft) if place is None else draft.name
        os.replace(source, name, src_dir_fd=place, dst_dir_fd=place)


def without_waiting(path: str, flags: int) -> int:
    """For `open`: a named pipe in the file's place does not wait for somebody to write."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
