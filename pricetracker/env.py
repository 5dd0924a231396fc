"""The environment, read and checked: every invalid value is refused in one sentence."""

import os
import re
import secrets
import shlex
import sys
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError, conninfo

from pricetracker import symbols as spelling

from .markets import MARKETS, market_of

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}

# Seconds for each of a database's addresses: otherwise one that does not answer at all is waited
# for during two minutes.
CONNECT_TIMEOUT = 10

# With underscores, which no domain has but many containers do.
LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
HOST = re.compile(rf"\.?{LABEL}(\.{LABEL})*", re.IGNORECASE | re.ASCII)


def refuse(name: str, value: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value!r}, but it must be {wanted}.")


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise refuse(name, value, "1, true, yes, on or 0, false, no, off")


def words(name: str, default: str) -> list[str]:
    """A comma-separated list, without blanks."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def hosts(name: str, default: str) -> list[str]:
    """What Django compares with a Host header, without its port."""
    found = words(name, default)
    if not found or not all(map(is_host, found)):
        wanted = (
            "host names or addresses separated by commas, such as prices.example,10.0.0.7,[::1]"
        )
        raise refuse(name, os.environ.get(name, ""), wanted)
    return found


def is_host(text: str) -> bool:
    """A name, an address, a domain with its subdomains (which begins with a dot), or `*` for
    all.
    """
    if text.startswith("[") and text.endswith("]"):
        return is_ipv6(text[1:-1])
    return text == "*" or HOST.fullmatch(text) is not None


def is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def symbols(name: str, default: str) -> list[str]:
    """Symbols in upper case, each once, in the order given."""
    try:
        found = [spelling.parse(word) for word in words(name, default)]
    except ValueError:
        found = []
    if not found:
        wanted = "symbols separated by commas, such as BTCUSDT,ETHUSDT"
        raise refuse(name, os.environ.get(name, ""), wanted)
    return list(dict.fromkeys(found))


def url(name: str, default: str, *schemes: str) -> str:
    """A base URL without a trailing slash."""
    value = os.environ.get(name, default).strip().rstrip("/")
    wanted = f"a URL such as {default}"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise refuse(name, value, wanted) from error
    if (
        parts.scheme not in schemes
        or not parts.hostname
        or port == 0
        or parts.query
        or parts.fragment
        or not value.isprintable()
        or " " in value
    ):
        raise refuse(name, value, wanted)
    return value


def market(name: str, default: str) -> str:
    """A market by its name, in any case."""
    value = os.environ.get(name, default)
    if (found := value.strip().lower()) in MARKETS:
        return found
    *others, last = MARKETS
    raise refuse(name, value, f"{', '.join(others)} or {last}")


def url_of_market(name: str, default: str, *schemes: str, market: str) -> str:
    """The same, for a host that is not known to belong to another market."""
    found = url(name, default, *schemes)
    if market_of(found) in (market, None):
        return found
    theirs = market_of(found)
    cure = f"set BINANCE_EXCHANGE={theirs}" if theirs in MARKETS else "it cannot be recorded"
    raise ImproperlyConfigured(
        f"{name} is {found}, a host of {theirs}, but BINANCE_EXCHANGE is {market}: {cure}, "
        f"or unset {name} for {default}."
    )


def database(name: str) -> dict[str, Any] | None:
    """Django's settings for a PostgreSQL URL, or None when the variable is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    wanted = "a PostgreSQL URL such as postgresql://user:password@host:5432/name"
    # The value may hold a password: it is never repeated.
    if not value.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{name} must be {wanted}.")
    try:
        parts = conninfo.conninfo_to_dict(value)
    except ProgrammingError:
        # Not even in part: what libpq fails on may be the password.
        wanted = f"{wanted}, special characters written as %XX"
        raise ImproperlyConfigured(f"{name} must be {wanted}.") from None
    if not all(map(is_port, str(parts.get("port", "")).split(","))):
        raise ImproperlyConfigured(f"{name} has no port from 1 to 65535: it must be {wanted}.")
    if not parts.get("dbname"):
        raise ImproperlyConfigured(f"{name} names no database: it must be {wanted}.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {"connect_timeout": CONNECT_TIMEOUT, **parts},
    }


def is_port(text: str) -> bool:
    """Empty is the default port. There may be several, one for each host."""
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 16)


def secret_key(name: str, kept_in: Path) -> str:
    """The key from the environment; else the kept one; else a new one, kept for the next start."""
    value = os.environ.get(name)
    if value is not None:
        if not is_strong(value):
            # Not repeated: it is a secret, however weak.
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
    """The key in a file that no other user can have written or read.

    With it anyone can forge a login of the site.
    """
    # A named pipe in its place would wait for somebody to write.
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
    """Raises ImproperlyConfigured when other users can access the file."""
    if sys.platform == "win32":
        return
    trusted = {0, os.geteuid()}
    if os.geteuid() == 0:
        # With sudo, root uses the home of an ordinary user, and the key that this user made.
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
    """Write a key so that of several processes starting at once exactly one wins.

    None of them reads half a key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
            # After a power cut there is a whole key or none.
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32" and os.geteuid() == 0:
                # The owner of the home must be able to read it without sudo, too.
                os.fchown(file.fileno(), path.parent.stat().st_uid, -1)
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
