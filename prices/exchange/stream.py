"""The feed: frames of some streams for as long as one likes, over as many connections as that takes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from websocket import ABNF, WebSocketConnectionClosedException, WebSocketTimeoutException

from . import connection
from .backoff import CEILING, backoff
from .subscription import Subscription

# Seconds. The server pings every 20 s, on some days only every 180 s: a line silent for longer is dead.
DEAD_AFTER = 200

# Seconds between two messages of ours: the exchange cuts off clients that send more than 5 in a second.
MESSAGE_INTERVAL = 0.5


@dataclass(frozen=True)
class Up:
    """A connection stands, and frames will follow."""


@dataclass(frozen=True)
class Idle:
    """Nothing arrived for a beat."""


@dataclass(frozen=True)
class Down:
    """The connection is lost or could not be made; the next attempt comes after `wait` seconds."""

    reason: str
    wait: float


Event = bytes | Up | Idle | Down


class Socket(Protocol):
    def recv_data(self, control_frame: bool = False) -> tuple[int, Any]: ...
    def send(self, payload: str) -> int: ...
    def close(self) -> None: ...


class Stream:
    """Iterate over it to get frames as bytes and, in their place among them, what happens to the connection.

    It reconnects for ever, and ends when `stopped` says so. Pings are answered as frames are read: keep reading.

    `heard` is the clock's time at which the exchange last spoke, None without a connection. It moves on only after the
    reader of the events has come back for the next: whatever was sent before has been handed over.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        stopped: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
        connect: Callable[[str], Socket] = connection.connect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.subscription = subscription
        self.stopped = stopped
        self.sleep = sleep
        self.connect = connect
        self.clock = clock
        self.heard: float | None = None

    def __iter__(self) -> Iterator[Event]:
        waits = backoff()
        while not self.stopped():
            began = self.clock()
            try:
                yield from self.one_connection()
            except connection.FAILURES as error:
                if self.clock() - began > CEILING:
                    waits = backoff()
                wait = next(waits)
                yield Down(connection.explain(error), wait)
                self.sleep(wait)

    def one_connection(self) -> Iterator[Event]:
        """The events of one connection, until `stopped`. Raises one of `connection.FAILURES` when it ends before."""
        socket = self.connect(self.subscription.url)
        try:
            yield Up()
            for message in self.subscription.messages:
                socket.send(message)
                self.sleep(MESSAGE_INTERVAL)
            yield from self.read(socket)
        finally:
            self.heard = None
            socket.close()

    def read(self, socket: Socket) -> Iterator[Event]:
        self.heard = self.clock()
        while not self.stopped():
            try:
                opcode, payload = socket.recv_data(control_frame=True)
            except WebSocketTimeoutException:
                # Part of a frame may have come: it stays in the connection's buffer, and the next read goes on.
                if self.clock() - self.heard > DEAD_AFTER:
                    raise WebSocketConnectionClosedException(
                        f"silent for {DEAD_AFTER} seconds"
                    ) from None
                yield Idle()
                continue
            received = self.clock()
            if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
                # The exchange sends text alone here; whoever reads says what is wrong with anything else.
                yield payload
            elif opcode == ABNF.OPCODE_CLOSE:
                raise WebSocketConnectionClosedException(farewell(payload))
            self.heard = received


def farewell(payload: bytes) -> str:
    """What a close frame says: a code of two bytes and a reason."""
    code, reason = int.from_bytes(payload[:2]), payload[2:].decode(errors="replace")
    return f"closed by the exchange with code {code} {reason}".rstrip()
