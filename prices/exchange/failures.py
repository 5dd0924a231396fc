"""What connecting and reading raise, and the reason in words."""

import socket
import ssl
from http.cookies import CookieError

import websocket

from .dialing import ProxyFailure, Unreachable
from .headers import retry_after_seconds
from .rate_limit import LONGEST_PAUSE

# Seconds for TCP, proxy, TLS and upgrade together.
CONNECT_TIMEOUT = 10

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

# HTTP statuses that ask for a pause, with or without a Retry-After.
LIMITED = (418, 429)

# The close code with which the exchange ends connections that break its rules.
POLICY_VIOLATION = 1008


class ClosedByExchange(websocket.WebSocketConnectionClosedException):
    """A close frame arrived: a code of two bytes and a reason."""

    def __init__(self, payload: bytes) -> None:
        self.code = int.from_bytes(payload[:2])
        reason = payload[2:].decode(errors="replace")
        super().__init__(f"closed by the exchange with code {self.code} {reason}".rstrip())


def is_refusal(error: BaseException) -> bool:
    """Whether the exchange has decided not to serve us: by a status of 4xx, or by a policy."""
    match error:
        case websocket.WebSocketBadStatusException(status_code=int() as status):
            return 400 <= status < 500 and status != 408  # 408: a timeout of its own.
        case ClosedByExchange(code=code):
            return code == POLICY_VIOLATION
    return False


def left_network(error: BaseException) -> bool:
    """Whether the exchange may have seen the attempt that failed."""
    never = (socket.gaierror, websocket.WebSocketAddressException, Unreachable)
    return not isinstance(error, never)


def retry_after(error: BaseException, now: float) -> float:
    """Seconds that a refused upgrade asks to wait; 0.0 when it does not say.

    `now` is in seconds since 1970.
    """
    match error:
        case websocket.WebSocketBadStatusException(status_code=status) if status in LIMITED:
            asked = (error.resp_headers or {}).get("retry-after", "")
            return retry_after_seconds(asked, now, LONGEST_PAUSE) or 0.0
    return 0.0


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
        case Unreachable():
            return "The network is unreachable. Check the internet connection."
        case ConnectionRefusedError():
            return "Nothing listens at the exchange's address."
    # Some messages end with a full stop already.
    return f"The connection broke: {str(error).strip().rstrip('.') or type(error).__name__}."
