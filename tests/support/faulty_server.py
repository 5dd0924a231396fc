"""An exchange that misbehaves: plain sockets on loopback, each connection played by a script of the
test's.
"""

import hashlib
import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# Seconds before a read of a script gives up: no test is about speed.
PATIENCE = 120

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A frame as a server writes it: not masked."""
    length = len(payload)
    size = bytes([length]) if length < 126 else struct.pack("!BH", 126, length)
    return bytes([final << 7 | opcode]) + size + payload


def farewell(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.incoming = connection.makefile("rb")
        self.request = b""

    def upgrade(self, *frames: bytes) -> None:
        """Take the upgrade, and send some frames in the same breath."""
        self.read_request()
        key = next(
            line.split(b":")[1].strip()
            for line in self.request.splitlines()
            if line.lower().startswith(b"sec-websocket-key:")
        )
        accept = b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324 - the protocol's own
        self.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + b"".join(frames)
        )

    def refuse(self, status: str, body: bytes = b"") -> None:
        self.read_request()
        self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def read_request(self) -> None:
        while (line := self.incoming.readline()).strip():
            self.request += line

    def send(self, sent: bytes) -> None:
        self.connection.sendall(sent)

    def read(self) -> tuple[int, bytes]:
        """The opcode and the payload of the client's next frame; 0 and nothing when it is gone."""
        head = self.incoming.read(2)
        if len(head) < 2:
            return 0, b""
        length = head[1] & 127
        if length == 126:
            (length,) = struct.unpack("!H", self.incoming.read(2))
        mask = self.incoming.read(4)
        masked = self.incoming.read(length)
        return head[0] & 15, bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))

    def reset(self) -> None:
        """End without a word: RST in place of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.incoming.close()
        self.connection.close()

    def wait_until_gone(self) -> None:
        """Read until the client says goodbye, or leaves without."""
        while self.read()[0] not in (CLOSE, 0):
            pass


Script = Callable[[Peer], object]


@contextmanager
def faulty(*scripts: Script) -> Iterator[str]:
    """The URL of a server that plays the scripts, one a connection, in their order; then it listens
    no longer.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=play, args=(server, scripts), daemon=True)
        thread.start()
        try:
            yield "ws://{}:{}".format(*server.getsockname())
        finally:
            # A thread in accept() is not woken by a close: this wakes it.
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def play(server: socket.socket, scripts: tuple[Script, ...]) -> None:
    """Each script in a thread of its own: the next connection may come before the last one ends."""
    threads = []
    for script in scripts:
        try:
            connection, _ = server.accept()
        except OSError:
            break
        threads.append(threading.Thread(target=perform, args=(script, connection), daemon=True))
        threads[-1].start()
    server.close()
    for thread in threads:
        thread.join(PATIENCE)


def perform(script: Script, connection: socket.socket) -> None:
    connection.settimeout(PATIENCE)
    # The client may be gone before the script is through.
    with suppress(OSError), connection, (peer := Peer(connection)).incoming:
        script(peer)
