"""Before a connection stands: whatever the server says meanwhile, it is soon and little."""

import socket

import pytest
from websocket import WebSocketBadStatusException, WebSocketException

from prices.exchange import failures
from prices.exchange.handshake import MAX_HANDSHAKE, Handshake
from tests.support.faulty_server import Peer, faulty
from tests.support.feeds import Life, first


def told(script) -> str:
    with faulty(script) as url:
        (down,) = first(1, Life().stream(url))
    return down.reason


def upgraded(*headers: str):
    """A script: an upgrade with some more headers, and no key."""

    def play(peer: Peer) -> None:
        peer.read_request()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        peer.send("\r\n".join([*lines, *headers, "", ""]).encode(errors="surrogateescape"))
        peer.incoming.read()

    return play


class TestSize:
    @pytest.mark.parametrize("drop", [b"X: y\r\n" * 1000, b"x" * 65536])
    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 101 Switching Protocols\r\n"])
    def test_headers_without_end_are_given_up(self, head, drop) -> None:
        def flood(peer: Peer) -> None:
            peer.read_request()
            peer.send(head)
            while True:
                peer.send(drop)

        assert told(flood).startswith("The connection broke: ")

    def test_a_refusal_with_a_page_without_end_is_a_refusal(self) -> None:
        def flood(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 999999999\r\n\r\n")
            while True:
                peer.send(b"x" * 65536)

        assert told(flood) == (
            "The exchange refused the connection with HTTP 403. Its firewall blocks "
            "this IP address."
        )


class TestNonsense:
    @pytest.mark.parametrize(
        "header",
        [
            "Set-Cookie: a@b=1; domain=example",
            "Set-Cookie: \udcff",
            "no header at all",
            "Sec-WebSocket-Accept: \N{SNOWMAN}",
            ": ",
        ],
    )
    def test_headers_that_make_no_sense_are_a_broken_connection(self, header) -> None:
        assert told(upgraded(header)).startswith("The connection broke: ")

    @pytest.mark.parametrize(
        "line",
        [b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 x y\r\n\r\n", b"HTTP/1.1 " + b"9" * 5000 + b" x\r\n\r\n"],
    )
    def test_a_status_that_is_none_is_a_broken_connection(self, line) -> None:
        assert told(lambda peer: (peer.read_request(), peer.send(line))).startswith(
            "The connection broke: "
        )

    def test_a_length_that_is_none_is_still_a_refusal(self) -> None:
        def refuse(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: many\r\n\r\n")

        assert told(refuse) == ("The exchange refused the connection with HTTP 502. Server error.")

    def test_a_redirection_is_not_followed(self) -> None:
        def redirect(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n")

        assert told(redirect) == "The exchange refused the connection with HTTP 302."


class TestTime:
    def test_one_that_drips_is_given_up(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            now = 0.0
            handshake = Handshake(ours, failures.CONNECT_TIMEOUT, lambda: now)
            theirs.sendall(b"HTTP/1.1 101 Switching Protocols\r\n")
            while now < failures.CONNECT_TIMEOUT:
                handshake.recv(1)
                now += 1
            with pytest.raises(TimeoutError):
                handshake.recv(1)
            with pytest.raises(TimeoutError):
                handshake.send(b"x")

    def test_no_more_is_read_than_is_stated(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            handshake = Handshake(ours, 10, lambda: 0.0)
            handshake.received += b"x" * MAX_HANDSHAKE
            theirs.sendall(b"x")
            with pytest.raises(OSError, match="the handshake has more than"):
                handshake.recv(1)


def test_every_failure_is_one_that_the_stream_knows() -> None:
    assert issubclass(WebSocketBadStatusException, WebSocketException)
    assert WebSocketException in failures.FAILURES
