"""System checks: settings that each make sense, and together are not what anybody should run."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import NotSupportedError, OperationalError, connections

from .shared_folders import exposed

PLAIN = {"ws", "http"}


@register(Tags.security)
def check_hosts(**kwargs: Any) -> list[CheckMessage]:
    return list(hosts())


def hosts() -> Iterator[CheckMessage]:
    abroad = [host for host in settings.ALLOWED_HOSTS if not is_loopback(host)]
    if settings.DEBUG and abroad:
        yield Warning(
            f"DEBUG is on, and the site answers for {', '.join(abroad)}.",
            hint="Error pages would show settings and code to anyone who causes an error. "
            "Unset DEBUG, or leave ALLOWED_HOSTS at its default.",
            id="pricetracker.W001",
        )
    if "*" in settings.ALLOWED_HOSTS and not settings.PRODUCTION:
        yield Warning(
            "ALLOWED_HOSTS is *: the site answers for any Host header.",
            hint="Name the hosts by which the site is reached. Behind a proxy that checks them, "
            "use DJANGO_SETTINGS_MODULE=pricetracker.production.",
            id="pricetracker.W002",
        )


@register(Tags.security)
def check_production(**kwargs: Any) -> list[CheckMessage]:
    return list(production()) if settings.PRODUCTION else []


def production() -> Iterator[CheckMessage]:
    if not settings.SECURE_SSL_REDIRECT:
        yield Warning(
            "The production settings do not redirect HTTP to HTTPS.",
            hint="Set SECURE_SSL_REDIRECT, or silence this check if the proxy redirects.",
            id="pricetracker.W003",
        )
    if not settings.SECURE_HSTS_SECONDS:
        yield Warning(
            "The production settings send no Strict-Transport-Security header.",
            hint="Set SECURE_HSTS_SECONDS, or silence this check if the proxy sends the header.",
            id="pricetracker.W004",
        )


@register(Tags.security)
def check_exchange(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in ("BINANCE_WS_URL", "BINANCE_REST_URL"):
        url = urlsplit(getattr(settings, name))
        if url.scheme in PLAIN and not is_loopback(url.hostname or ""):
            found.append(
                Warning(
                    f"{name} is without TLS: anyone on the network path to {url.hostname} can "
                    "change prices.",
                    hint=f"Use {url.scheme}s:// unless the host is this machine.",
                    id="pricetracker.W005",
                )
            )
    return found


@register(Tags.security)
def check_home(**kwargs: Any) -> list[CheckMessage]:
    found = exposed(settings.PRICETRACKER_HOME)
    if found is None:
        return []
    return [
        Warning(
            f"PRICETRACKER_HOME is not safe from other users: {found}.",
            hint="They could replace the database or the secret key. Run `chmod go-w` on that "
            "folder, or choose another PRICETRACKER_HOME.",
            id="pricetracker.W006",
        )
    ]


@register(Tags.database)
def check_postgres(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            connections[alias].check_database_version_supported()
        except NotSupportedError as error:
            found.append(
                Error(
                    str(error),
                    hint="Upgrade the server, or unset DATABASE_URL to use a private PostgreSQL.",
                    id="pricetracker.E007",
                )
            )
        except OperationalError:
            # Of a database that is away nothing can be said. Whoever needs it reports that.
            continue
    return found


def is_loopback(host: str) -> bool:
    """Whether a host name or pattern of ALLOWED_HOSTS, or the host of a URL, is this machine."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
