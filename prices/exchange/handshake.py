"""A handshake, with a proxy or for a WebSocket: bounded in bytes and in time."""

import re
import socket
import time
from collections.abc import Callable

# Bytes that a proxy or an exchange may send before a connection is established: headers have some
# hundreds. Of the page that comes with a refusal no more is read, and no more is needed.
MAX_HANDSHAKE = 1 << 16

# What the status line of an HTTP proxy looks like.
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r|\n|\Z)")


class Handshake:
    """A socket that limits how much may be read, and until when.

    The library that reads from it knows only a timeout per read.
    """

    def __init__(
        self,
        connection: socket.socket,
        until: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.until = until
        self.clock = clock
        self.received = bytearray()
        self.fileno = connection.fileno
        self.gettimeout = connection.gettimeout
        self.settimeout = connection.settimeout
        self.close = connection.close

    def recv(self, size: int) -> bytes:
        self.connection.settimeout(left(self.until, self.clock))
        data = self.connection.recv(size)
        self.received += data
        if len(self.received) > MAX_HANDSHAKE:
            raise OSError(f"the handshake has more than {MAX_HANDSHAKE} bytes")
        return data

    def send(self, data: bytes) -> int:
        self.connection.settimeout(left(self.until, self.clock))
        return self.connection.send(data)

    @property
    def status(self) -> int | None:
        """The HTTP status that was received, if any."""
        found = STATUS.match(self.received)
        return int(found[1]) if found else None

    def header(self, name: str) -> str:
        """A header that was received, also when what follows it was not; empty without it."""
        head = bytes(self.received).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        for line in head.split(b"\n")[1:]:
            field, _, value = line.partition(b":")
            if field.strip().lower() == name.encode():
                return value.decode("latin-1").strip()
        return ""


def left(until: float, clock: Callable[[], float] = time.monotonic) -> float:
    """Seconds until an instant. Raises TimeoutError when it has passed."""
    seconds = until - clock()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds
