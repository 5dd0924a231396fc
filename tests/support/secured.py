"""Servers with TLS, for scripts of `faulty`."""

import ssl
from pathlib import Path

from tests.support.faulty_server import Peer, Script

# Of a server on loopback, with its key.
CERTIFICATE = Path(__file__).parents[1] / "data" / "loopback.pem"

# Of a server that only a proxy finds, `tests.support.proxies.NAME`.
ABROAD = CERTIFICATE.with_name("abroad.pem")


def secured(script: Script, certificate: Path = CERTIFICATE) -> Script:
    """A script, played over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def play(peer: Peer) -> None:
        with (
            context.wrap_socket(peer.connection, server_side=True) as connection,
            (inner := Peer(connection)).incoming,
        ):
            script(inner)

    return play
