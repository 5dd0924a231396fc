"""Where the server listens: on a socket in a folder that only its user may enter.

On Windows: on a port of 127.0.0.1.
"""

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

# Bytes. The longest path of a socket that every Unix allows (macOS; Linux allows 4 more), without
# the name that PostgreSQL appends.
LONGEST = 103 - len("/.s.PGSQL.5432")


def choose(folder: Path, account: Account | None, configuration: Configuration) -> dict[str, str]:
    """The server settings that say where to listen. Call it only while the server is down.

    Raises Unavailable when there is no private folder for the socket.
    """
    if sys.platform == "win32":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        return {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": port}
    sockets = socket_folder(folder, account, configuration)
    # Left behind by a dead server. The process id in it may be another process by now: see
    # postmaster.remove_stale.
    (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    return {"listen_addresses": "", "unix_socket_directories": str(sockets), "port": "5432"}


def socket_folder(folder: Path, account: Account | None, configuration: Configuration) -> Path:
    """The cluster's own folder if its path is short enough, else a short temporary one."""
    if fits(os.fsencode(folder)):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"{configuration.socket_prefix}{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    refuse_foreign(short, account, configuration.folder_setting)
    hand_over(short, account)
    return short


def fits(folder: bytes) -> bool:
    """Whether a socket can be in this folder.

    Its path must be short and valid UTF-8, since the driver encodes it so. PostgreSQL reads a comma
    as the separator of two folders, and a newline would break postmaster.pid. The driver strips
    blanks at both ends.
    """
    try:
        text = folder.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return (
        len(folder) <= LONGEST and text.isprintable() and "," not in text and text == text.strip()
    )


def refuse_foreign(short: Path, account: Account | None, folder_setting: str) -> None:
    """Raise Unavailable unless `short` is a private folder of ours.

    In the temporary folder anybody may have created it, or a link in its place.
    """
    found = short.lstat()
    owners = {os.geteuid(), account.uid if account else os.geteuid()}
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid not in owners:
        raise Unavailable(
            f"{short}, meant for PostgreSQL's socket, is not a private folder of this "
            f"user: remove it, or set {folder_setting} to a shorter path."
        )


def clear(host: str, folder: Path) -> None:
    """Remove the temporary folder that the socket was in, if there was one."""
    sockets = Path(os.fsdecode(host.encode("utf-8", "surrogateescape")))
    if sockets.is_dir() and sockets != folder:
        sockets.rmdir()
