"""TLS to the exchange, by the certificates that the system trusts."""

import socket
import ssl
from urllib.parse import urlsplit

import truststore

from .handshake import left
from .proxies import target


def trust() -> ssl.SSLContext:
    """The system's own trust store, with the certificates that the user's other programs trust."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def secured(url: str, plain: socket.socket, context: ssl.SSLContext, until: float) -> socket.socket:
    """A socket with TLS for wss://, the socket itself for ws://. Raises OSError."""
    if urlsplit(url).scheme != "wss":
        return plain
    plain.settimeout(left(until))
    # This timeout covers the whole TLS handshake.
    return context.wrap_socket(plain, server_hostname=target(url)[0])
