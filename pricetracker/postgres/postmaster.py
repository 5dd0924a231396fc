"""The running server, as PostgreSQL describes it in postmaster.pid of the data folder."""

from pathlib import Path
from typing import NamedTuple

import psutil

from . import files


class Postmaster(NamedTuple):
    """`host` is an address or the folder of the socket; `ready`: it accepts connections."""

    pid: int
    started: str
    host: str
    port: str
    ready: bool


def find(data: Path) -> Postmaster | None:
    """The running server of a data folder. None also when only the file of a dead one is there."""
    try:
        # The socket's path is bytes, and the driver encodes `host` as UTF-8.
        with open(
            pid_file(data),
            encoding="utf-8",
            errors="surrogateescape",
            opener=files.without_waiting,
        ) as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        return None
    # While the server starts, the file has fewer lines.
    pid, _, started, port, socket_folder, address, _, status = (lines + [""] * 8)[:8]
    if not pid.isdigit() or not is_server(int(pid), data):
        return None
    return Postmaster(
        int(pid), started, socket_folder or address, port, ready=status.strip() == "ready"
    )


def remove_stale(data: Path) -> None:
    """Remove the file of a dead server.

    PostgreSQL refuses to start if the process id in it belongs to another process by now.
    """
    if find(data) is None:
        pid_file(data).unlink(missing_ok=True)


def is_server(pid: int, data: Path) -> bool:
    """Whether this process is the server of this data folder.

    Process ids are reused; in a restarted container at once.
    """
    try:
        return str(data) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def pid_file(data: Path) -> Path:
    return data / "postmaster.pid"
