"""What one message may take: bytes, frames, time. Beyond that its connection is given up."""

import struct
import tracemalloc

import pytest
from websocket import (
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketTimeoutException,
)

from prices.exchange.connection import MESSAGE_TIMEOUT, READ_TIMEOUT, Connection
from prices.exchange.message_limits import MAX_FRAGMENTS, MAX_MESSAGE, TOO_LARGE
from prices.exchange.stream import Down, Up
from tests.exchange.test_connection import CONTEXT
from tests.support.faulty_server import CONTINUED, PING, PONG, TEXT, Peer, faulty, frame
from tests.support.feeds import Life, first, stay


class Dripping:
    """A socket on which each read takes some seconds and brings a byte."""

    def __init__(self, sent: bytes, seconds: float) -> None:
        self.sent = sent
        self.seconds = seconds
        self.now = 0.0
        self.taken = 0

    def clock(self) -> float:
        return self.now

    def recv(self, size: int) -> bytes:
        self.now += self.seconds
        self.taken += 1
        return self.sent[(self.taken - 1) % len(self.sent) :][:1]

    def send(self, data: bytes) -> int:
        return len(data)

    def gettimeout(self) -> float:
        return READ_TIMEOUT

    def settimeout(self, timeout: float | None) -> None:
        pass

    def close(self) -> None:
        pass


def head(opcode: int, length: int) -> bytes:
    """The beginning of a frame of any length."""
    return bytes([0x80 | opcode, 127]) + struct.pack("!Q", length)


def dripped(sent: bytes, seconds: float = 0.4) -> tuple[Connection, Dripping]:
    wire = Dripping(sent, seconds)
    connection = Connection(CONTEXT, wire.clock)
    connection.sock = wire
    connection.connected = True
    return connection, wire


def read_on(connection: Connection, wire: Dripping) -> None:
    """Read until there is nothing more to hope for."""
    while True:
        began = wire.now
        try:
            connection.recv_data(control_frame=True)
        except WebSocketTimeoutException:
            # The caller is never kept waiting: it looks whether it should stop.
            assert wire.now - began <= 2 * READ_TIMEOUT + wire.seconds


def endless(sent: bytes):
    """A script that sends a beginning, and then x for as long as somebody reads."""

    def play(peer: Peer) -> None:
        peer.upgrade(sent)
        while True:
            peer.send(b"x" * 65536)

    return play


FRAGMENT = frame(CONTINUED, b"x" * 60_000, final=False)


def in_fragments(peer: Peer) -> None:
    peer.upgrade(frame(TEXT, b"x", final=False))
    while True:
        peer.send(FRAGMENT)


def in_tiny_fragments(peer: Peer) -> None:
    peer.upgrade(frame(TEXT, b"", final=False))
    while True:
        peer.send(frame(CONTINUED, b"", final=False) * 100)


# Why a flood ends.
BROKEN = {
    f"The connection broke: {TOO_LARGE}.",
    "The connection broke: a control frame has more than 125 bytes.",
}


class TestSize:
    @pytest.mark.parametrize(
        "flood",
        [
            endless(head(TEXT, 200_000_000)),
            endless(head(TEXT, MAX_MESSAGE + 1)),
            endless(head(TEXT, (1 << 64) - 1)),
            endless(frame(TEXT, b"x", final=False) + head(CONTINUED, 200_000_000)),
            in_fragments,
            in_tiny_fragments,
            endless(head(PONG, 200_000_000)),
            endless(head(PING, 126)),
        ],
    )
    def test_a_connection_that_floods_is_replaced(self, flood) -> None:
        def again(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, b"again"))
            stay(peer)

        tracemalloc.start()
        try:
            with faulty(flood, again) as url:
                up, down, *after = first(4, Life().stream(url))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (up, after) == (Up(), [Up(), b"again"])
        assert isinstance(down, Down)
        # And not because it was incomplete for too long.
        assert down.reason in BROKEN
        assert peak < 8 * MAX_MESSAGE

    def test_the_largest_message_is_read(self) -> None:
        text = b"x" * MAX_MESSAGE
        whole = head(TEXT, len(text)) + text
        with faulty(lambda peer: (peer.upgrade(whole), stay(peer))) as url:
            assert first(2, Life().stream(url)) == [Up(), text]

    def test_each_message_may_have_many_frames(self) -> None:
        part = frame(CONTINUED, b"y", final=False)
        message = (
            frame(TEXT, b"x", final=False) + part * (MAX_FRAGMENTS - 2) + frame(CONTINUED, b"")
        )
        with faulty(lambda peer: (peer.upgrade(message * 3), stay(peer))) as url:
            events = first(4, Life().stream(url))
        assert events == [Up()] + [b"x" + b"y" * (MAX_FRAGMENTS - 2)] * 3


class TestTime:
    @pytest.mark.parametrize(
        "sent",
        [
            head(TEXT, 1000) + b"x" * 900,
            b"\x81\x7e",
            frame(TEXT, b"x", final=False) + frame(CONTINUED, b"x", final=False) * 500,
            frame(TEXT, b"x", final=False) + frame(PING, b"") * 500,
        ],
    )
    def test_a_message_that_drips_is_given_up(self, sent) -> None:
        connection, wire = dripped(sent)
        with pytest.raises(WebSocketConnectionClosedException, match="incomplete after 30 seconds"):
            read_on(connection, wire)
        assert MESSAGE_TIMEOUT < wire.now < MESSAGE_TIMEOUT + 5

    def test_whole_messages_may_drip_for_ever(self) -> None:
        connection, wire = dripped(frame(TEXT, b"x" * 30))
        read = 0
        while wire.now < 10 * MESSAGE_TIMEOUT:
            try:
                assert connection.recv_data(control_frame=True) == (TEXT, b"x" * 30)
                read += 1
            except WebSocketTimeoutException:
                continue
        assert read > 20

    def test_closing_does_not_wait_for_a_frame_that_drips(self) -> None:
        connection, wire = dripped(head(TEXT, 1000) + b"x" * 990)
        connection.close()
        assert wire.now < 5

    def test_an_exchange_that_does_not_read_is_left(self) -> None:
        connection, wire = dripped(frame(PING, b"x"))

        def full(data: bytes) -> int:
            raise TimeoutError("timed out")

        wire.send = full
        with pytest.raises(WebSocketConnectionClosedException, match="does not read"):
            read_on(connection, wire)

    def test_compressed_frames_are_refused(self) -> None:
        # We ask for no compression: a frame that claims it has a bit that nobody agreed on.
        connection, wire = dripped(bytes([0xC1, 1]) + b"x")
        with pytest.raises(WebSocketException, match="rsv"):
            read_on(connection, wire)
