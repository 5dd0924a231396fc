"""Connection pools for REST, which connect in the same way as the streams."""

import socket
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from .dialing import ProxyFailure, dial
from .proxies import Proxy

# Connect timeout in seconds, when the pool does not give one.
CONNECT_TIMEOUT = 5.0


class Dialler:
    """Opens connections, through a proxy or directly, and remembers the last one to shut it."""

    def __init__(self, proxy: Proxy | None) -> None:
        self.proxy = proxy
        self.last: HTTPConnection | None = None

    def pool(self, **options: Any) -> urllib3.PoolManager:
        """A pool of the library whose connections are opened by `dial`."""
        dialler = self

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return dialler.dial(self)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return dialler.dial(self)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Secure

        manager = urllib3.PoolManager(**options)
        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
        return manager

    def dial(self, connection: HTTPConnection) -> socket.socket:
        """Connect, and raise the exceptions that the library would raise."""
        self.last = connection
        timeout = connection.timeout or CONNECT_TIMEOUT
        try:
            dialled = dial(connection.host, connection.port, self.proxy, timeout)
        except ProxyFailure:
            raise
        except socket.gaierror as error:
            raise NameResolutionError(connection.host, connection, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, "timed out") from error
        except OSError as error:
            raise NewConnectionError(connection, str(error)) from error
        dialled.settimeout(timeout)
        return dialled

    def hang_up(self) -> None:
        """Shut the last connection, which wakes the thread that reads from it."""
        if self.last is not None and (used := self.last.sock) is not None:
            with suppress(OSError):
                used.shutdown(socket.SHUT_RDWR)
