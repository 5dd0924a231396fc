"""Whether other users of the machine can change what is in a folder."""

import os
import stat
from pathlib import Path

try:
    import grp
    import pwd
except ImportError:  # Windows, which inherits permissions that keep other users out
    grp = pwd = None  # type: ignore[assignment]


def exposed(home: Path) -> str | None:
    """Why other users can change what is in a folder, in words; None when they cannot.

    Users who may write to a parent folder can replace it, unless the sticky bit protects it, as in
    /tmp.
    """
    if grp is None:
        return None
    for folder in (home, *home.parents):
        try:
            found = folder.stat()
        except OSError:
            # Not made yet, or not to be seen.
            continue
        who = writers(found)
        if who and not (folder != home and found.st_mode & stat.S_ISVTX):
            return f"{who} may write to {folder}"
    return None


def writers(found: os.stat_result) -> str | None:
    """Who else may write, in words."""
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    if found.st_mode & stat.S_IWGRP and is_shared(found.st_gid, found.st_uid):
        return f"group {name_of(found.st_gid)}"
    # With sudo, root uses the home of an ordinary user.
    if found.st_uid not in (0, os.geteuid()) and os.geteuid() != 0:
        return f"user {found.st_uid}"
    return None


def is_shared(gid: int, uid: int) -> bool:
    """Whether a group has members other than one user. On many systems each user has a group."""
    try:
        owner = pwd.getpwuid(uid)
        group = grp.getgrgid(gid)
    except KeyError:
        return True
    return owner.pw_gid != gid or any(member != owner.pw_name for member in group.gr_mem)


def name_of(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
