"""Servers with TLS, for scripts of `faulty`."""

import ssl
from pathlib import Path

from tests.faulty import Peer, Script

# Of a server on loopback, with its key.
CERTIFICATE = Path(__file__).parent / "data" / "loopback.pem"


def secured(script: Script) -> Script:
    """A script, played over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def play(peer: Peer) -> None:
        with (
            context.wrap_socket(peer.connection, server_side=True) as connection,
            (inner := Peer(connection)).incoming,
        ):
            script(inner)

    return play
