"""Opens files in the cluster's folder without following links out of it.

Root may work in the folder of another user, who can put a link wherever root is going to write. So
as root each folder on the way is opened relative to the one above, and none may be a link. Users
may use links in their own folders.
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

# Opening a named pipe does not wait for its other end. Windows: no newline translation.
PLAIN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)

PRIVATE = 0o600


@contextmanager
def parent(path: Path, folder: Path, account: Account | None) -> Iterator[tuple[str, int | None]]:
    """The name and `dir_fd` with which os.open finds a path below the folder."""
    if sys.platform == "win32" or account is None:
        yield str(path), None
        return
    *steps, name = path.relative_to(folder).parts
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for step in steps:
            with refused_links(path):
                inner = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        yield name, place
    finally:
        os.close(place)


@contextmanager
def refused_links(path: Path) -> Iterator[None]:
    """Say in a sentence why a path cannot be opened with O_NOFOLLOW."""
    try:
        yield
    except OSError as error:
        # A link is ELOOP in place of a file, ENOTDIR in place of a folder.
        if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
            raise
        raise OSError(
            f"{path} is reached through a symbolic link, which root does not follow here"
        ) from None


def opened(path: Path, flags: int, folder: Path, account: Account | None) -> int:
    """Open a regular file and return its descriptor. A new file belongs to the account.

    Raises OSError when it is anything else, or reached through a link as root.
    """
    flags |= PLAIN | (NO_LINK if account else 0)
    with parent(path, folder, account) as (name, place), refused_links(path):
        descriptor = os.open(name, flags, PRIVATE, dir_fd=place)
    found = os.fstat(descriptor)
    # A file with a second name may be a hard link to one of another user.
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
    """Open a file for appending; create it if it does not exist."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.fdopen(opened(path, flags, folder, account), "ab")


def replace(path: Path, content: bytes, folder: Path, account: Account | None) -> None:
    """Replace whatever is at a path with a new file, in one step."""
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
    """An opener for `open` that does not wait at a named pipe until somebody writes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
