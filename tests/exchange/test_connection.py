"""The connection: however the bytes of frames come in, they are what the library alone would make
of them.
"""

import ssl
from collections.abc import Iterator
from typing import Any

import websocket
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF, WebSocketTimeoutException

from prices.exchange.connection import Connection

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Wire:
    """A socket that hands out pieces of what was sent: a timeout where a piece is empty, and in the
    end no more.
    """

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.answers: list[bytes] = []

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if not piece:
            raise TimeoutError
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def send(self, data: bytes) -> int:
        self.answers.append(data)
        return len(data)

    def gettimeout(self) -> float:
        return 1.0

    def close(self) -> None:
        pass


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """As a server sends it: unmasked."""
    length = len(payload)
    if length < 126:
        header = bytes([length])
    elif length < 1 << 16:
        header = bytes([126]) + length.to_bytes(2)
    else:
        header = bytes([127]) + length.to_bytes(8)
    return bytes([final << 7 | opcode]) + header + payload


LENGTHS = st.sampled_from([0, 1, 4, 125, 126, 127, 210, 65535, 65536])
PAYLOADS = st.builds(lambda length, fill: bytes([fill]) * length, LENGTHS, st.integers(0, 255))
CONTROLS = st.builds(
    lambda opcode, payload: frame(opcode, payload[:125]),
    st.sampled_from([ABNF.OPCODE_PING, ABNF.OPCODE_PONG]),
    PAYLOADS,
)
WHOLE = st.builds(frame, st.sampled_from([ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY]), PAYLOADS)


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A message in several frames, control frames between them."""
    opcode = draw(st.sampled_from([ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY]))
    parts = draw(st.lists(PAYLOADS, min_size=2, max_size=3))
    frames = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        frames.append(frame(ABNF.OPCODE_CONT if number else opcode, part, final=last))
        frames += draw(st.lists(CONTROLS, max_size=1))
    return b"".join(frames)


# What a server must not do: frames in the midst of a message, masked ones, ones with reserved bits.
WRONG = st.sampled_from(
    [
        frame(ABNF.OPCODE_TEXT, b"a" * 200, final=False),
        frame(ABNF.OPCODE_CONT, b"a" * 200),
        frame(ABNF.OPCODE_TEXT, b"a" * 200, final=False)
        + frame(ABNF.OPCODE_PING, b"")
        + frame(ABNF.OPCODE_TEXT, b"b" * 200),
        bytes([0x81, 0xFE, 0, 130]) + b"mask" + b"a" * 130,
        bytes([0xC1, 126, 0, 130]) + b"a" * 130,
        bytes([0x83, 126, 0, 130]) + b"a" * 130,
    ]
)
SENT = st.lists(st.one_of(WHOLE, WHOLE, WHOLE, CONTROLS, fragmented(), WRONG), max_size=6)


def read(connection: websocket.WebSocket, pieces: list[bytes]) -> Iterator[tuple[Any, ...]]:
    """What it makes of the pieces up to the error that ends it, and what it answered."""
    connection.sock = wire = Wire(pieces)
    # Else the mask is drawn anew for each frame that is sent.
    connection.set_mask_key(bytes)
    while True:
        try:
            yield connection.recv_data(control_frame=True)
        except WebSocketTimeoutException:
            continue
        except websocket.WebSocketException as error:
            yield type(error), str(error), wire.answers
            return


@given(SENT, st.data())
def test_frames_are_the_same_as_the_librarys(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    # Two cuts at one place are a timeout there.
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    ours = Connection(CONTEXT)
    theirs = websocket.WebSocket(skip_utf8_validation=True)
    assert list(read(ours, list(pieces))) == list(read(theirs, list(pieces)))
