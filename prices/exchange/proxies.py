"""Which proxy to use for a URL, by the same environment variables as curl."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

# The variable for each scheme, in lower or upper case; ALL is the default for all of them.
VARIABLES = {"ws": "http_proxy", "http": "http_proxy", "wss": "https_proxy", "https": "https_proxy"}
ALL = "all_proxy"

PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}

# Kinds of proxies, and the usual port of each.
SCHEMES = {"http": 80, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}

# Names of this computer on every system.
LOOPBACK = {
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
}

EXAMPLE = "http://user:password@proxy.example:3128 or socks5h://proxy.example:1080"


class BadProxy(ValueError):
    """An invalid variable. The message names it and repeats no password."""


@dataclass(frozen=True)
class Proxy:
    """`scheme` is one of SCHEMES; `variable` is where it was named. A password is never shown."""

    scheme: str
    host: str
    port: int
    variable: str
    user: str | None = None
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"The proxy at {host}:{self.port} ({self.variable})"


def target(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]


def choose(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a URL; None to connect to it directly. Raises BadProxy.

    As in curl, the lower-case spelling takes precedence, and an empty variable means no proxy.
    Loopback never goes through one.
    """
    host, port = target(url)
    if is_loopback(host):
        return None
    for name in (VARIABLES[urlsplit(url).scheme], ALL):
        for variable in (name, name.upper()):
            if variable in environ:
                value = environ[variable].strip()
                if not value or is_exempt(host, port, environ):
                    return None
                return parse(variable, value)
    return None


def parse(variable: str, value: str) -> Proxy:
    """A proxy's URL, or its host and port alone. Raises BadProxy."""
    # The message does not say what is wrong: it may be the password.
    wrong = BadProxy(
        f"{variable} must be the URL of a proxy such as {EXAMPLE}, special characters in user "
        "and password written as %XX."
    )
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme == "https":
        # TLS to the exchange within TLS to the proxy works on no plain socket, and truststore
        # checks certificates on those alone.
        raise BadProxy(
            f"{variable} names a proxy that is itself reached over TLS (https://), which is not "
            f"supported: set {variable} to its plain address, such as {EXAMPLE}; what passes "
            "through it to the exchange is encrypted all the same."
        )
    if not is_sensible(value, parts) or port == 0:
        raise wrong
    user = None if parts.username is None else unquote(parts.username)
    password = unquote(parts.password or "")
    if parts.scheme != "http" and not f"{user}{password}".isascii():
        raise BadProxy(f"{variable} must have a user and a password of ASCII characters for SOCKS.")
    return Proxy(
        parts.scheme,
        parts.hostname or "",
        port or SCHEMES[parts.scheme],
        variable,
        user,
        password,
    )


def is_sensible(value: str, parts: SplitResult) -> bool:
    return (
        parts.scheme in SCHEMES
        and bool(parts.hostname)
        and not (parts.path.strip("/") or parts.query or parts.fragment)
        and value.isprintable()
        and " " not in value
    )


def is_exempt(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY exempts a host.

    Its entries are names (with all their subdomains), addresses and networks, each with or without
    a port, or a star for all. Raises BadProxy.
    """
    variable = "no_proxy" if "no_proxy" in environ else "NO_PROXY"
    found = False
    for entry in environ.get(variable, "").replace(",", " ").split():
        # Also after one that matches: invalid entries are reported at startup.
        found |= matches(host, port, entry, variable)
    return found


def matches(host: str, port: int, entry: str, variable: str) -> bool:
    if entry == "*":
        return True
    address = address_of(host)
    if "/" in entry:
        try:
            network = ip_network(entry, strict=False)
        except ValueError:
            raise BadProxy(
                f"{variable} holds {entry!r}, but it must be host names, addresses or networks "
                "separated by commas, such as .example,10.0.0.0/8."
            ) from None
        return address is not None and address in network
    name, only = split_port(entry)
    if only is not None and only != str(port):
        return False
    listed = address_of(name)
    if listed is not None or address is not None:
        return listed == address
    name = name.lower().removeprefix("*").strip(".")
    bare = host.lower().rstrip(".")
    return bool(name) and (bare == name or bare.endswith(f".{name}"))


def split_port(entry: str) -> tuple[str, str | None]:
    """An entry's name and port; an IPv6 address with a port is in brackets."""
    if entry.startswith("["):
        name, _, port = entry[1:].partition("]")
        return name, port.removeprefix(":") or None
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, None


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as, if any; IPv4 also in the forms that sockets accept."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_loopback(host: str) -> bool:
    """Whether a host is this computer, as far as can be told without a resolver."""
    address = address_of(host)
    if address is not None:
        # Connecting to 0.0.0.0 or :: reaches this computer.
        return address.is_loopback or address.is_unspecified
    name = host.lower().rstrip(".")
    return name in LOOPBACK or name.endswith(".localhost")
