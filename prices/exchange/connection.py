"""One WebSocket connection to the exchange."""

import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import websocket
from websocket._handshake import CookieJar

from .dialing import dial
from .failures import CONNECT_TIMEOUT, FAILURES, NONSENSE
from .handshake import Handshake
from .message_limits import BoundedFrames, BoundedMessages
from .proxies import choose, target
from .tls import secured, trust

# Seconds that a read waits: between two reads the caller checks whether it should stop.
READ_TIMEOUT = 0.5

# Maximum number of bytes that one read takes from the socket: some 500 frames.
READ_SIZE = 128 * 1024

# How the frame of a trade begins (RFC 6455, 5.2): a final text frame, and, unmasked, a length of
# 126 bytes to 64 KiB in two bytes.
WHOLE_TEXT = 0x81
LENGTH_FOLLOWS = 126

# Seconds from the first byte of a message to its last. A trade fits into one packet: one that takes
# longer will not arrive, and everything behind it waits.
MESSAGE_TIMEOUT = 30

# Seconds for the closing handshake: the server may have gone already.
CLOSE_TIMEOUT = 1

# Seconds between two messages that we send: the exchange disconnects clients that send more than 5
# per second.
MESSAGE_INTERVAL = 0.5

# Frames that carry data for the reader. The exchange sends only text.
FRAMES = (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY)


class Socket(Protocol):
    """The methods of a connection that are used; a test double needs no more."""

    def recv_data(self, control_frame: bool = False) -> tuple[int, Any]: ...
    def send(self, payload: str) -> int: ...
    def settimeout(self, timeout: float) -> None: ...
    def close(self) -> None: ...


class Connection(websocket.WebSocket):
    """Receives frames as bytes; their text is checked once, where it is decoded.

    The library reads from the socket three times per frame. Here one read takes everything that has
    arrived, and the frames are cut out of it: in a storm the reader then releases the interpreter
    lock only once in hundreds of frames. A frame that is whole and present, as nearly all are, is
    cut out directly, at a tenth of the cost; the library handles all others.
    """

    def __init__(
        self, context: ssl.SSLContext, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._received = b""
        self._taken = 0
        # The library holds no part of a frame, and no part of a message.
        self.between = True
        self.clock = clock
        # When the current read returns to its caller, whatever arrives.
        self._until = clock()
        # When the first part of the current incomplete message was seen.
        self._incomplete_since: float | None = None
        super().__init__(sslopt={"context": context}, skip_utf8_validation=True)
        self._frames = self.frame_buffer = BoundedFrames(self._recv, skip_utf8_validation=True)
        self._messages = self.cont_frame = BoundedMessages(
            fire_cont_frame=False, skip_utf8_validation=True
        )

    def recv_data(self, control_frame: bool = False) -> tuple[int, Any]:
        received, at = self._received, self._taken
        start = at + 4
        if (
            self.between
            and len(received) > start
            and received[at] == WHOLE_TEXT
            and received[at + 1] == LENGTH_FOLLOWS
        ):
            end = start + (received[at + 2] << 8 | received[at + 3])
            if end <= len(received):
                self._taken = end
                return websocket.ABNF.OPCODE_TEXT, received[start:end]
        self.between = False
        self._until = self.clock() + READ_TIMEOUT
        try:
            found: tuple[int, Any] = super().recv_data(control_frame)
        except websocket.WebSocketTimeoutException:
            self._check_progress()
            raise
        self.between = not self._messages.is_within
        self._check_progress()
        return found

    def _check_progress(self) -> None:
        """A part of a message may wait for the rest of it, but not without limit."""
        if not (self._frames.is_within or self._messages.is_within):
            self._incomplete_since = None
        elif self._incomplete_since is None:
            self._incomplete_since = self.clock()
        elif self.clock() - self._incomplete_since > MESSAGE_TIMEOUT:
            raise websocket.WebSocketConnectionClosedException(
                f"a message was incomplete after {MESSAGE_TIMEOUT} seconds"
            )

    def _recv(self, bufsize: int) -> bytes:
        if self._taken == len(self._received):
            # A message that arrives in drops would keep the library reading.
            if self.clock() > self._until:
                raise websocket.WebSocketTimeoutException("no complete message yet")
            self._received = super()._recv(READ_SIZE)  # type: ignore[no-untyped-call]
            self._taken = 0
        piece = self._received[self._taken : self._taken + bufsize]
        self._taken += len(piece)
        return piece

    def _send(self, data: str | bytes) -> int:
        try:
            return super()._send(data)
        except websocket.WebSocketTimeoutException as error:
            # What we send fits into the socket's buffer many times over.
            raise websocket.WebSocketConnectionClosedException(
                "the exchange does not read what is sent to it"
            ) from error

    def close(self, *args: object, **kwargs: object) -> None:
        self._until = self.clock() + CLOSE_TIMEOUT
        super().close(timeout=CLOSE_TIMEOUT)
        # When the exchange closed first, the library has answered but leaves the socket open.
        self.shutdown()  # type: ignore[no-untyped-call]


def connect(
    url: str, context: ssl.SSLContext | None = None, environ: Mapping[str, str] = os.environ
) -> Connection:
    """Connect to a stream URL, through the proxy from the environment. Raises one of FAILURES."""
    until = time.monotonic() + CONNECT_TIMEOUT
    context = context or trust()
    plain = dial(*target(url), choose(url, environ), CONNECT_TIMEOUT)
    try:
        dialled = secured(url, plain, context, until)
        return upgraded(url, dialled, context, until)
    except BaseException:
        plain.close()
        raise


def upgraded(url: str, dialled: socket.socket, context: ssl.SSLContext, until: float) -> Connection:
    """A WebSocket connection over a socket. Redirects are not followed."""
    connection, handshake = Connection(context), Handshake(dialled, until)
    # The library keeps the cookies of all connections and sends them again: we want none.
    CookieJar.jar.clear()
    try:
        connection.connect(url, socket=handshake, redirect_limit=0)  # type: ignore[no-untyped-call]
    except (*FAILURES, *NONSENSE) as error:
        dialled.close()
        status = handshake.status
        if status not in (None, 101) and not isinstance(
            error, websocket.WebSocketBadStatusException
        ):
            # The page that explains a refusal may be truncated, and a redirect has none.
            raise websocket.WebSocketBadStatusException(
                "refused", status, resp_headers={"retry-after": handshake.header("retry-after")}
            ) from error
        if isinstance(error, NONSENSE):
            raise websocket.WebSocketProtocolException(
                "the exchange does not answer like a WebSocket server"
            ) from error
        raise
    except BaseException:
        dialled.close()
        raise
    connection.sock = dialled
    connection.settimeout(READ_TIMEOUT)
    return connection
