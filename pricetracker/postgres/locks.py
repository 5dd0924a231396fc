"""The two file locks in a cluster's folder. The kernel releases them when their holder exits.

POSIX ties such a lock to the process: closing any handle of the file releases it. So a process
opens each file only once.
"""

import os
import stat
import sys
from pathlib import Path

from fasteners import InterProcessReaderWriterLock

from . import account, files

USERS = "users.lock"
KEEPER = "keeper.lock"


def users(folder: Path) -> InterProcessReaderWriterLock:
    """The lock that every process which uses the server holds in shared mode.

    A keeper that stops the server holds it exclusively.
    """
    return InterProcessReaderWriterLock(folder / USERS)


def keeper(folder: Path) -> InterProcessReaderWriterLock:
    """The lock that the keeper holds exclusively for as long as it lives.

    Others take it shared, for an instant, to see whether there is a keeper.
    """
    return InterProcessReaderWriterLock(folder / KEEPER)


def prepare(folder: Path) -> None:
    """Create the folder and the lock files, owned by the account that runs the server.

    Raises OSError when that fails, or when the folder is not safe to use.
    """
    if "\n" in str(folder):
        raise OSError(
            f"the path {str(folder)!r} contains a line break, which PostgreSQL does not support"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = account.of(folder)
    if owner and folder.is_symlink() and folder.lstat().st_uid not in {0, owner.uid}:
        raise OSError(f"{folder} is another user's symbolic link, which root does not follow")
    if owner is None:
        refuse_foreign(folder)
    for path in (folder / USERS, folder / KEEPER):
        files.append(path, folder, owner).close()
    account.hand_over(folder, owner)


def refuse_foreign(folder: Path) -> None:
    """Raise OSError if other users can write to the folder.

    They could make the server run their commands. Not called as root, which runs the server as the
    owner of the folder.
    """
    if sys.platform == "win32":
        return
    if {folder.stat().st_uid, folder.lstat().st_uid} - {0, os.geteuid()}:
        raise OSError(f"{folder} belongs to another user")
    if folder.stat().st_mode & stat.S_IWOTH:
        raise OSError(f"everybody may write to {folder}")
