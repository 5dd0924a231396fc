"""The listening socket of the site."""

import socket

from pricetracker.process.server import listen


def test_no_piece_of_an_answer_waits_for_an_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listening:
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
