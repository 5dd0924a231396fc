"""One WebSocket connection to the exchange, and the reason in words when there is none."""

import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from http.cookies import CookieError
from typing import Any, Protocol
from urllib.parse import urlsplit

import truststore
import websocket
from websocket._handshake import CookieJar

from .dialing import Handshake, ProxyFailure, dial, left
from .message_limits import BoundedFrames, BoundedMessages
from .proxies import choose, target

# Seconds for TCP, proxy, TLS and upgrade together.
CONNECT_TIMEOUT = 10

# Seconds that a read waits: between two reads the caller checks whether it should stop.
BEAT = 0.5

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

# What connecting and reading raise. A refused upgrade and a closed connection are
# WebSocketExceptions; names that do not resolve, resets, timeouts and TLS failures are OSErrors.
FAILURES = (websocket.WebSocketException, OSError)

# What the library raises on an invalid response, besides its own exceptions.
NONSENSE = (ValueError, LookupError, TypeError, AttributeError, CookieError)

REFUSALS = {
    403: "Its firewall blocks this IP address.",
    418: "This IP address is banned for too many requests, for minutes to days.",
    429: "Too many requests from this IP address.",
    451: (
        "It does not serve this location: Binance blocks some countries, and "
        "data centres there. Record from elsewhere, or set BINANCE_WS_URL and "
        "BINANCE_REST_URL to servers that may be used from here."
    ),
}


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
        self._until = self.clock() + BEAT
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


def trust() -> ssl.SSLContext:
    """The system's own trust store, with the certificates that the user's other programs trust."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


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


def secured(url: str, plain: socket.socket, context: ssl.SSLContext, until: float) -> socket.socket:
    if urlsplit(url).scheme != "wss":
        return plain
    plain.settimeout(left(until))
    # This timeout covers the whole TLS handshake.
    return context.wrap_socket(plain, server_hostname=target(url)[0])


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
            raise websocket.WebSocketBadStatusException("refused", status) from error
        if isinstance(error, NONSENSE):
            raise websocket.WebSocketProtocolException(
                "the exchange does not answer like a WebSocket server"
            ) from error
        raise
    except BaseException:
        dialled.close()
        raise
    connection.sock = dialled
    connection.settimeout(BEAT)
    return connection


def farewell(payload: bytes) -> str:
    """The content of a close frame: a code of two bytes and a reason."""
    code, reason = int.from_bytes(payload[:2]), payload[2:].decode(errors="replace")
    return f"closed by the exchange with code {code} {reason}".rstrip()


def refusal(status: int) -> str:
    """What an HTTP status other than success means."""
    why = REFUSALS.get(status, "Server error." if status >= 500 else "")
    return f"HTTP {status}. {why}".rstrip()


def explain(error: BaseException) -> str:
    """One sentence or two on why there is no connection."""
    match error:
        case ProxyFailure():
            return str(error)
        case websocket.WebSocketBadStatusException(status_code=int() as status):
            return f"The exchange refused the connection with {refusal(status)}"
        case websocket.WebSocketAddressException() | socket.gaierror():
            return (
                "The exchange's host name does not resolve. Check the internet connection and DNS."
            )
        case ssl.SSLCertVerificationError():
            return f"The exchange's certificate is not trusted: {error.verify_message.rstrip('.')}."
        case TimeoutError() | websocket.WebSocketTimeoutException():
            return f"The exchange did not answer within {CONNECT_TIMEOUT} seconds."
        case ConnectionRefusedError():
            return "Nothing listens at the exchange's address."
    # Some messages end with a full stop already.
    return f"The connection broke: {str(error).strip().rstrip('.') or type(error).__name__}."
