"""The two locks in a cluster's folder, both let go by the kernel when their holder dies.

POSIX ties such a lock to the process: closing any other handle of the file drops it, so a process opens each once.
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
    """Shared by the processes that use the server; exclusive while nobody may."""
    return InterProcessReaderWriterLock(folder / USERS)


def keeper(folder: Path) -> InterProcessReaderWriterLock:
    """Exclusive for the keeper's life; taken shared, for an instant, to see whether there is one."""
    return InterProcessReaderWriterLock(folder / KEEPER)


def prepare(folder: Path) -> None:
    """Make the folder and the files, so that whoever may run the server may lock them. Raises OSError."""
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
    """Whoever can write to the folder can make the server run their commands. Raises OSError.

    Root never comes here: it steps down to the owner of the folder.
    """
    if sys.platform == "win32":
        return
    if {folder.stat().st_uid, folder.lstat().st_uid} - {0, os.geteuid()}:
        raise OSError(f"{folder} belongs to another user")
    if folder.stat().st_mode & stat.S_IWOTH:
        raise OSError(f"everybody may write to {folder}")
