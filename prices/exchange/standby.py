"""The connection that will replace the present one, opened and read by its own thread."""

import threading
from collections.abc import Callable

from websocket import ABNF, WebSocketConnectionClosedException, WebSocketTimeoutException

from .connection import FRAMES, MESSAGE_INTERVAL, Socket
from .failures import ClosedByExchange
from .handover import Handover, OverlapVerdict
from .subscription import Subscription

# Maximum seconds until it is connected and subscribed, when nothing else delivers.
UP_WITHIN = 30

# Maximum number of frames held, some 5 MB: an overlap at 6,000 trades per second. When that is
# reached, the overlap is over.
HELD = 20_000

# Maximum bytes of these frames, as many as 64,000 ticks have: a message may have up to 1 MiB.
HELD_BYTES = 16 << 20


class Standby:
    """Connects, subscribes and holds frames until the handover, or until it is abandoned.

    `error` is None unless it has failed. When it is `ready`, `take` returns the socket, and `held`
    has everything received.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        connect: Callable[[str], Socket],
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._subscription = subscription
        self.connect = connect
        self.sleep = sleep
        self.clock = clock
        self._began = clock()
        self.since: float | None = None  # When it was up: connected and subscribed.
        self.heard = self._began
        self.held: list[bytes] = []
        self._held_bytes = 0
        self.handover = Handover()
        self.letting_go = False
        self.joined = False
        self._abandoned = False
        self.error: BaseException | None = None
        self.socket: Socket | None = None
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, name="standby", daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            socket = self.connect(self._subscription.url)
            try:
                self._subscribe(socket)
                self._hold(socket)
            except BaseException:
                socket.close()
                raise
        except BaseException as error:  # noqa: BLE001 - the stream looks at it, and raises what it does not expect
            self.error = error
            return
        with self._lock:
            if not self._abandoned:
                self.socket = socket
                return
        socket.close()

    def _subscribe(self, socket: Socket) -> None:
        for message in self._subscription.messages:
            if self._abandoned:
                return
            socket.send(message)
            self.sleep(MESSAGE_INTERVAL)
        self.since = self.heard = self.clock()

    def _hold(self, socket: Socket) -> None:
        while not (self.letting_go or self._abandoned or self._full):
            try:
                opcode, payload = socket.recv_data(control_frame=True)
            except WebSocketTimeoutException:
                continue
            self.heard = self.clock()
            if opcode in FRAMES:
                self.handover.new(payload)
                self.held.append(payload)
                self._held_bytes += len(payload)
            elif opcode == ABNF.OPCODE_CLOSE:
                raise ClosedByExchange(payload)

    @property
    def _full(self) -> bool:
        return len(self.held) >= HELD or self._held_bytes >= HELD_BYTES

    def compare(self, frame: bytes, now: float, *, trusted: bool) -> None:
        """Compare with a frame of the present connection, and let go when the overlap is enough."""
        if self.letting_go:
            return
        self.handover.old(frame, new_is_up=self.since is not None)
        if self.since is None:
            return
        verdict = self.handover.verdict(now - self.since, full=self._full, trusted=trusted)
        if verdict is OverlapVerdict.MUTE:
            # The old connection is better: it delivers.
            self.error = WebSocketConnectionClosedException("no frames since it was opened")
        elif verdict is not OverlapVerdict.WAIT:
            self.let_go(joined=verdict is OverlapVerdict.JOINED)

    def let_go(self, *, joined: bool) -> None:
        """Stop reading, and be ready for the handover.

        joined: nothing is missing at the handover.
        """
        self.joined = joined
        self.letting_go = True

    @property
    def ready(self) -> bool:
        return self.letting_go and self.socket is not None

    def late(self) -> bool:
        return self.since is None and self.clock() - self._began > UP_WITHIN

    def wait(self, seconds: float) -> None:
        self.thread.join(seconds)

    def take(self) -> Socket:
        """The socket, which the caller then reads and closes. Raises RuntimeError unless ready."""
        with self._lock:
            socket, self.socket = self.socket, None
        if socket is None:
            raise RuntimeError("the standby is not ready")
        return socket

    def abandon(self) -> None:
        """Close it. A connection that the thread is still opening is closed there, later."""
        with self._lock:
            self._abandoned = True
            socket, self.socket = self.socket, None
        if socket is not None:
            socket.close()
