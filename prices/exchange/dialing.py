"""A TCP connection to a host, directly or through a proxy, for streams and REST alike.

Through an HTTP proxy everything is tunnelled with CONNECT, plain HTTP as well: so streams and REST
take the same route, and no proxy reads or caches a response.
"""

import errno
import socket
import time
from base64 import b64encode
from collections.abc import Sequence

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.sync import Proxy as SocksProxy

from .handshake import Handshake, left
from .proxies import Proxy

# Minimum number of seconds that each address of a name gets, however many there are.
EACH_ADDRESS = 1.0

# Socket options: nothing waits for more to send, and a peer that is gone is noticed.
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

# What connecting fails with when nothing can leave for an address: no route, no interface.
NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)


class Unreachable(OSError):
    """No address of a host has a route: nothing was sent to it."""


class ProxyFailure(OSError):
    """The proxy is at fault. The message is a sentence."""


def dial(host: str, port: int, proxy: Proxy | None, timeout: float) -> socket.socket:
    """Connect to a host within a number of seconds. Raises ProxyFailure or another OSError."""
    until = time.monotonic() + timeout
    if proxy is None:
        return direct(host, port, until)
    if proxy.scheme == "http":
        return tunnel(host, port, proxy, until, timeout)
    return socks(host, port, proxy, timeout)


def direct(host: str, port: int, until: float) -> socket.socket:
    """Try each address of a name for its share of the time.

    Raises Unreachable when none has a route.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failures: list[OSError] = []
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        share = max(left(until) / (len(found) - tried), EACH_ADDRESS)
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(share)
            tune(connection)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failures.append(error)
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise telling(failures)


def telling(failures: Sequence[OSError]) -> OSError:
    """The last failure of an address that has a route. Many hosts have no IPv6, which tells little.

    Unreachable when none has one.
    """
    routed = [failure for failure in failures if failure.errno not in NO_ROUTE]
    return routed[-1] if routed else Unreachable(*(failures[-1].args if failures else ()))


def tune(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        # Not every system has each.
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def tunnel(host: str, port: int, proxy: Proxy, until: float, timeout: float) -> socket.socket:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        connection = direct(proxy.host, proxy.port, until)
    except OSError as error:
        raise unreachable(proxy, error, timeout) from error
    try:
        status = connect_through(Handshake(connection, until), where, proxy)
        if status is None or not 200 <= status < 300:
            raise ProxyFailure(f"{proxy} {objection(status, where, proxy)}")
        connection.settimeout(left(until))
    except ProxyFailure:
        connection.close()
        raise
    except OSError as error:
        connection.close()
        raise unreachable(proxy, error, timeout) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_through(handshake: Handshake, where: str, proxy: Proxy) -> int | None:
    """The status that an HTTP proxy answers with; None when the answer is not HTTP."""
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if proxy.user is not None:
        known = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {known}")
    request = "\r\n".join([*lines, "", ""]).encode()
    while request:
        request = request[handshake.send(request) :]
    # Byte by byte: what follows belongs to the exchange.
    while not handshake.received.endswith((b"\r\n\r\n", b"\n\n")):
        if not handshake.recv(1):
            break
    return handshake.status


def objection(status: int | None, where: str, proxy: Proxy) -> str:
    match status:
        case None:
            return "does not answer like an HTTP proxy."
        case 407 if proxy.user is None:
            return (
                f"requires a user name and a password: add them to {proxy.variable} as "
                "http://user:password@host:port."
            )
        case 407:
            return f"rejected the user name and password in {proxy.variable}."
        case 502 | 503 | 504:
            return f"could not connect to {where} (HTTP {status})."
    return f"refused to connect to {where} with HTTP {status}."


def socks(host: str, port: int, proxy: Proxy, timeout: float) -> socket.socket:
    kind = ProxyType.SOCKS5 if proxy.scheme.startswith("socks5") else ProxyType.SOCKS4
    # With an h or an a the proxy resolves the name, as in curl.
    far = proxy.scheme in ("socks5h", "socks4a")
    made = SocksProxy(kind, proxy.host, proxy.port, proxy.user, proxy.password, rdns=far)
    try:
        connection = made.connect(host, port, timeout=timeout)
    except (ProxyConnectionError, ProxyTimeoutError) as error:
        raise unreachable(proxy, error.__cause__ or error, timeout) from error
    except socket.gaierror:
        raise
    except (ProxyError, OSError, AssertionError, ValueError) as error:
        raise ProxyFailure(f"{proxy} refused the connection: {words(error)}.") from error
    tune(connection)
    return connection


def words(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or "it does not support this SOCKS version"


def unreachable(proxy: Proxy, error: BaseException, timeout: float) -> ProxyFailure:
    match error:
        case socket.gaierror():
            why = "cannot be found: its name does not resolve"
        case TimeoutError():
            why = f"did not answer within {timeout:.0f} seconds"
        case ConnectionRefusedError():
            why = "cannot be reached: nothing listens there"
        case _:
            why = f"cannot be used: {words(error)}"
    return ProxyFailure(f"{proxy} {why}.")
