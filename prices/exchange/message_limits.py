"""How large a WebSocket message may be, checked before its payload is read."""

from typing import Any

import websocket
from websocket import (
    ABNF,
    WebSocketException,
    WebSocketPayloadException,
    WebSocketProtocolException,
)

# Maximum bytes of a message, in one frame or in many. A trade has some 250. The largest reply to a
# message of ours, which names 200 streams, would have 16 KB if it repeated all of them.
MAX_MESSAGE = 1 << 20

# Maximum number of frames of a message. The exchange sends each message in one.
MAX_FRAGMENTS = 1024

# Maximum bytes of a control frame (RFC 6455, 5.5).
MAX_CONTROL = 125

TOO_LARGE = f"a message has more than {MAX_MESSAGE} bytes or {MAX_FRAGMENTS} frames"


class BoundedFrames(websocket.frame_buffer):
    """Refuses a frame by the length in its header, before any of its payload is read."""

    refusal: WebSocketException | None = None

    def recv_frame(self) -> ABNF:
        if self.refusal is not None:
            # Closing reads on until the server has closed: not through this frame.
            raise self.refusal
        return super().recv_frame()

    def recv_length(self) -> None:
        super().recv_length()
        header, length = self.header, self.length
        if header is None or length is None:
            return
        if header[4] >= ABNF.OPCODE_CLOSE and length > MAX_CONTROL:
            self.refusal = WebSocketProtocolException("a control frame has more than 125 bytes")
        elif length > MAX_MESSAGE:
            self.refusal = WebSocketPayloadException(TOO_LARGE)
        if self.refusal is not None:
            raise self.refusal

    @property
    def is_within(self) -> bool:
        """Whether the frame that is arriving is small enough."""
        return self.header is not None or bool(self.recv_buffer)


class BoundedMessages(websocket.continuous_frame):
    """Assembles the frames of a message, up to the limit."""

    size = 0
    fragments = 0

    def add(self, frame: ABNF) -> None:
        if not self.is_within:
            self.size = self.fragments = 0
        self.size += len(frame.data)
        self.fragments += 1
        if self.size > MAX_MESSAGE or self.fragments > MAX_FRAGMENTS:
            raise WebSocketPayloadException(TOO_LARGE)
        super().add(frame)

    @property
    def is_within(self) -> bool:
        """Whether the message that is arriving is small enough."""
        data: Any = self.cont_data
        return data is not None
