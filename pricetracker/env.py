"""Reads settings from environment variables.

Every function raises ImproperlyConfigured with one sentence when the value is invalid.
"""

import os
import re
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError, conninfo

from pricetracker import symbols as spelling

from .markets import MARKETS, market_of

# Digits of a number that anybody may mean.
LONGEST_COUNT = 9

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}

# Seconds per address of a database. Without it, libpq waits two minutes for one that does not
# answer.
CONNECT_TIMEOUT = 10

# With underscores, which no domain has but many containers do.
LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
HOST = re.compile(rf"\.?{LABEL}(\.{LABEL})*", re.IGNORECASE | re.ASCII)


def refuse(name: str, value: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value!r}, but it must be {wanted}.")


def flag(name: str, default: bool) -> bool:
    """A boolean; an empty variable is False."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise refuse(name, value, "1, true, yes, on or 0, false, no, off")


def count(name: str, default: int) -> int:
    """A whole number, 0 or more."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) <= LONGEST_COUNT):
        raise refuse(name, value, "a whole number, 0 or more")
    return int(value)


def words(name: str, default: str) -> list[str]:
    """The words of a comma-separated list; empty ones are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def hosts(name: str, default: str) -> list[str]:
    """ALLOWED_HOSTS: what Django compares with the Host header, without its port."""
    found = words(name, default)
    if not found or not all(map(is_host, found)):
        wanted = (
            "host names or addresses separated by commas, such as prices.example,10.0.0.7,[::1]"
        )
        raise refuse(name, os.environ.get(name, ""), wanted)
    return found


def is_host(text: str) -> bool:
    """Whether it is a host name, an address, `.domain` for all subdomains, or `*` for all."""
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
    """Like `url`. Refuses a host that is known to belong to another market."""
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
    # Messages never repeat the value: it may contain a password.
    if not value.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{name} must be {wanted}.")
    try:
        parts = conninfo.conninfo_to_dict(value)
    except ProgrammingError:
        # Nor the part that libpq fails on, which may be the password.
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
    """Whether it is a port number; empty means the default port."""
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 16)
