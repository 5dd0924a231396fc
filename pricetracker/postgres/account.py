"""The account that PostgreSQL runs under: the user's own, unless that is root.

PostgreSQL refuses to run as root.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from . import Unavailable

if sys.platform != "win32":
    import pwd

# On every Unix this account owns no files, and has neither a shell nor a password.
UNPRIVILEGED = "nobody"


class Account(NamedTuple):
    """The account, other than root, that runs PostgreSQL when we are root."""

    name: str
    uid: int
    gid: int

    def launch(self, command: list[str], reaching: Iterable[Path]) -> dict[str, Any]:
        """Arguments for subprocess: run `command` as this account, with access to `reaching`.

        Raises Unavailable when a folder is closed to the account and setpriv is not installed.
        """
        closed = closed_folder(reaching)
        if closed is None:
            return {"args": command, "user": self.uid, "group": self.gid, "extra_groups": []}
        # A checkout below /root, or in a `mktemp -d` of root's, is closed to all other accounts.
        # One capability opens it to this process alone, so that no folder's mode has to change.
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise Unavailable(
                f"PostgreSQL refuses to run as root, and the user {self.name} cannot "
                f"enter {closed}: run this program as an ordinary user, or from a folder "
                "that all users can enter."
            )
        step_down = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        # PostgreSQL looks for its programs with access(2), which ignores capabilities without this
        # bit.
        keep = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override"]
        keep.append("--securebits=+no_setuid_fixup")
        return {"args": [setpriv, *step_down, *keep, "--", *command]}


def of(folder: Path) -> Account | None:
    """The account to run the cluster in this folder as; None: our own. Raises Unavailable."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    # With sudo, the cluster may belong to an ordinary user: it stays that user's.
    owner = folder.stat().st_uid if folder.exists() else 0
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise Unavailable(
            f"PostgreSQL refuses to run as root, and there is no account {owner or UNPRIVILEGED} "
            "to run it under: run this program as an ordinary user."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def hand_over(path: Path, account: Account | None) -> None:
    """Make the server's account the owner of a path that we have just created."""
    if sys.platform != "win32" and account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def closed_folder(paths: Iterable[Path]) -> Path | None:
    """The first folder on the way to these paths that others may not enter; None without any."""
    ways = (way for path in paths for way in (path, path.resolve()))
    folders = (folder for way in ways for folder in way.parents)
    return next((folder for folder in folders if not folder.stat().st_mode & stat.S_IXOTH), None)
