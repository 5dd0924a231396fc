"""Django's secret key: from the environment, or generated once and kept in a file."""

import os
import secrets
import shlex
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def from_env(name: str, kept_in: Path) -> str:
    """The key from the environment variable, else from the file, else a new one written to it.

    Raises ImproperlyConfigured for a weak key, or a file that others can read or replace.
    """
    value = os.environ.get(name)
    if value is not None:
        if not is_strong(value):
            # Not repeated in the message: it is a secret, however weak.
            raise ImproperlyConfigured(f"{name} must be at least 50 characters of random text.")
        return value
    try:
        if not kept_in.exists():
            keep_new_key(kept_in)
        return kept_key(kept_in)
    except OSError as error:
        raise ImproperlyConfigured(
            f"PRICETRACKER_HOME must be a folder that can be written to ({error})."
        ) from None


def is_strong(key: str) -> bool:
    return len(key) >= 50 and len(set(key)) >= 5


def kept_key(path: Path) -> str:
    """The key in a file. Refuses one that another user can have written or read.

    Whoever has the key can forge a login to the site.
    """
    # Without O_NONBLOCK, a named pipe in its place would block.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        refuse_foreign(path, os.fstat(file.fileno()))
        key = file.read().decode("utf-8", "replace").strip()
    if not is_strong(key):
        raise ImproperlyConfigured(
            f"{path} holds no key of at least 50 characters of random text: delete it "
            "to have a new one generated, or set SECRET_KEY."
        )
    return key


def refuse_foreign(path: Path, found: os.stat_result) -> None:
    """Raise ImproperlyConfigured when other users can access the file."""
    if sys.platform == "win32":
        return
    trusted = {0, os.geteuid()}
    if os.geteuid() == 0:
        # With sudo, root uses the home, and the key, of an ordinary user.
        trusted.add(path.parent.stat().st_uid)
    if not {found.st_uid, path.lstat().st_uid} <= trusted:
        raise ImproperlyConfigured(
            f"{path} belongs to another user, who may know the key in it: delete it "
            "to have a new one generated, or set SECRET_KEY."
        )
    if found.st_mode & 0o077:
        raise ImproperlyConfigured(
            f"{path} is accessible to other users: run `chmod 600 "
            f"{shlex.quote(str(path))}`, or set SECRET_KEY."
        )


def keep_new_key(path: Path) -> None:
    """Generate a key and write it to a file, unless another process does so at the same time.

    The file appears with its full content: no process reads half a key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
            # A power cut leaves a whole key or none.
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32" and os.geteuid() == 0:
                # The owner of the home must be able to read it without sudo.
                os.fchown(file.fileno(), path.parent.stat().st_uid, -1)
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
