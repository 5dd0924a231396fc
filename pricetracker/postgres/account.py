"""The account that PostgreSQL runs under: our own, unless that is root, which PostgreSQL refuses."""

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

# Has no files, no shell and no password on any Unix.
UNPRIVILEGED = "nobody"


class Account(NamedTuple):
    """Somebody else, whom root makes run PostgreSQL."""

    name: str
    uid: int
    gid: int

    def launch(self, command: list[str], reaching: Iterable[Path]) -> dict[str, Any]:
        """Arguments for subprocess that run a command as this account, able to reach these paths."""
        closed = closed_folder(reaching)
        if closed is None:
            return {"args": command, "user": self.uid, "group": self.gid, "extra_groups": []}
        # A checkout of root's, below /root or in a `mktemp -d`, is closed to everybody else. One capability
        # opens it to this process alone; the folders keep the modes that their owner gave them.
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise Unavailable(
                f"PostgreSQL refuses to run as root, and the user {self.name} cannot "
                f"enter {closed}: run this program as an ordinary user, or from a folder "
                "that all users can enter."
            )
        step_down = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        # The bit is for access(2), by which PostgreSQL looks for its programs: it ignores capabilities otherwise.
        keep = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override"]
        keep.append("--securebits=+no_setuid_fixup")
        return {"args": [setpriv, *step_down, *keep, "--", *command]}


def of(folder: Path) -> Account | None:
    """Whom to step down to for the cluster in this folder; None when our own account will do."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    # With sudo, root meets the cluster of an ordinary user, and leaves it to that user.
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
    """Give what we just made to the account that the server runs under."""
    if sys.platform != "win32" and account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def closed_folder(paths: Iterable[Path]) -> Path | None:
    """A folder on the way to one of these paths that others may not enter."""
    ways = (way for path in paths for way in (path, path.resolve()))
    folders = (folder for way in ways for folder in way.parents)
    return next((folder for folder in folders if not folder.stat().st_mode & stat.S_IXOTH), None)
