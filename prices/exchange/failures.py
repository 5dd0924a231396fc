"""What connecting and reading raise, and the reason in words."""

import socket
import ssl
from http.cookies import CookieError

import websocket

from .dialing import ProxyFailure

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
