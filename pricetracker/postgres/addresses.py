"""Where a server listens: a socket in a folder that only its user may enter, or on Windows a port of this machine."""

import hashlib
import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

from . import Unavailable
from .account import Account, hand_over
from .configuration import Configuration

# The least that any Unix allows for a socket's path, in bytes (macOS; Linux has 4 more), and what PostgreSQL adds.
LONGEST = 103 - len("/.s.PGSQL.5432")


def choose(folder: Path, account: Account | None, configuration: Configuration) -> dict[str, str]:
    """The server settings that say where to listen, for a server that does not run."""
    if sys.platform == "win32":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        return {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": port}
    sockets = socket_folder(folder, account, configuration)
    # A dead server's, with a number in it that may be another process by now: see postmaster.remove_stale.
    (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    return {"listen_addresses": "", "unix_socket_directories": str(sockets), "port": "5432"}


def socket_folder(folder: Path, account: Account | None, configuration: Configuration) -> Path:
    """The cluster's own folder where it can be a socket's."""
    if fits(os.fsencode(folder)):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"{configuration.socket_prefix}{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    refuse_foreign(short, account, configuration.folder_setting)
    hand_over(short, account)
    return short


def fits(folder: bytes) -> bool:
    """Whether a socket's path allows this folder.

    A comma would separate two folders, a new line would be two lines of postmaster.pid, and the driver encodes
    the path as UTF-8, blanks at its ends cut off.
    """
    try:
        text = folder.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return (
        len(folder) <= LONGEST and text.isprintable() and "," not in text and text == text.strip()
    )


def refuse_foreign(short: Path, account: Account | None, folder_setting: str) -> None:
    """Anybody can make things in a temporary folder, a link to elsewhere or a folder that is not private too."""
    found = short.lstat()
    owners = {os.geteuid(), account.uid if account else os.geteuid()}
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid not in owners:
        raise Unavailable(
            f"{short}, meant for PostgreSQL's socket, is not a private folder of this "
            f"user: remove it, or set {folder_setting} to a shorter path."
        )


def clear(host: str, folder: Path) -> None:
    """Leave no folder of ours behind in the temporary one."""
    sockets = Path(os.fsdecode(host.encode("utf-8", "surrogateescape")))
    if sockets.is_dir() and sockets != folder:
        sockets.rmdir()
