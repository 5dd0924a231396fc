"""Proxies on loopback: HTTP with CONNECT, and SOCKS 5. They resolve names that nobody else
knows.
"""

import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Seconds before a read gives up: no test is about speed.
PATIENCE = 120

# What is asked for and is not loopback by its name: the proxy leads to the exchange of the test.
NAME = "exchange.example"


class TestProxy:
    """Leads every connection to one port of loopback, and remembers what it was asked for."""

    __test__ = False

    def __init__(self, port: int, login: str | None = None) -> None:
        self.port = port
        self.login = login
        self.asked: list[str] = []
        self.refusals = 0  # How many of the next connections are refused.
        self.server = socket.create_server(("127.0.0.1", 0))
        self.where = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.open: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            self.open.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        with client, suppress(OSError, EOFError), self.negotiate(client) as server:
            self.open.append(server)
            client.settimeout(None)
            back = threading.Thread(target=pour, args=(server, client), daemon=True)
            back.start()
            pour(client, server)
            back.join(PATIENCE)

    def negotiate(self, client: socket.socket) -> socket.socket:
        """Speak HTTP. Raises EOFError when the client is refused."""
        lines = read_until(client, b"\r\n\r\n").decode().split("\r\n")
        verb, where, _ = lines[0].split(" ")
        self.asked.append(where)
        if self.refusals:
            self.refusals -= 1
            self.refuse(client, "502 Bad Gateway")
        wanted = self.login and b64encode(self.login.encode()).decode()
        if wanted and f"Proxy-Authorization: Basic {wanted}" not in lines:
            self.refuse(client, "407 Proxy Authentication Required")
        if verb != "CONNECT":
            self.refuse(client, "405 Method Not Allowed")
        server = self.dial()
        client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
        return server

    def refuse(self, client: socket.socket, status: str) -> None:
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        raise EOFError

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port))

    def cut(self) -> None:
        """End every connection that is open."""
        while self.open:
            with suppress(OSError):
                self.open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # A thread in accept() is not woken by a close.
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.cut()


class SocksProxy(TestProxy):
    """The same in SOCKS 5 (RFC 1928), with a name and a password (RFC 1929) or without."""

    def negotiate(self, client: socket.socket) -> socket.socket:
        _, methods = read(client, 2)
        method = 2 if self.login else 0
        offered = read(client, methods)
        client.sendall(bytes([5, method if method in offered else 255]))
        if self.login:
            _, length = read(client, 2)
            user = read(client, length).decode()
            password = read(client, read(client, 1)[0]).decode()
            accepted = f"{user}:{password}" == self.login
            client.sendall(bytes([1, not accepted]))
            if not accepted:
                raise EOFError
        *_, kind = read(client, 4)
        if kind == 3:
            host = read(client, read(client, 1)[0]).decode()
        else:
            host = socket.inet_ntop(
                *(
                    (socket.AF_INET, read(client, 4))
                    if kind == 1
                    else (socket.AF_INET6, read(client, 16))
                )
            )
        (port,) = struct.unpack("!H", read(client, 2))
        self.asked.append(f"{host}:{port}")
        server = self.dial()
        client.sendall(bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        return server


def read(client: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = client.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found


def read_until(client: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        found += read(client, 1)
    return found


def pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(
    url: str, kind: type[TestProxy] = TestProxy, login: str | None = None
) -> Iterator[TestProxy]:
    """A proxy to the server at a URL."""
    running = kind(int(url.rpartition(":")[2]), login)
    try:
        yield running
    finally:
        running.close()


def abroad(url: str) -> str:
    """The same URL, of a host that only a proxy can find."""
    return url.replace("127.0.0.1", NAME)
