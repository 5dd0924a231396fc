"""A chain of connections: each replaces the one before without losing a trade in between."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress

from websocket import ABNF, WebSocketConnectionClosedException, WebSocketTimeoutException

from .attempts import AttemptBudget
from .connection import FRAMES, MESSAGE_INTERVAL, READ_TIMEOUT, Socket
from .events import Event, Idle, Renewed, Up
from .failures import FAILURES, ClosedByExchange, explain
from .messages import BadFrame, Shutdown, parse
from .rotation import SHUTDOWN, Rotation
from .standby import HELD, Standby
from .subscription import Subscription

logger = logging.getLogger(__name__)

# Seconds. The server pings every 20 s, on some days only every 180 s: a connection that delivers
# nothing for longer is dead.
DEAD_AFTER = 200

# What a serverShutdown contains and a trade does not, except for the names of a few streams: a
# single byte is found ten times faster.
TELLTALE = ord("w")


class ConnectionChain:
    """Reads the present connection, in the caller's thread only.

    When that is due for replacement, it opens a standby and reads both for a while: the overlap.
    Then it yields the last frames of the old connection, `Renewed`, and all frames of the standby.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        stopped: Callable[[], bool],
        sleep: Callable[[float], None],
        connect: Callable[[str], Socket],
        clock: Callable[[], float],
        draw: Callable[[], float],
        budget: AttemptBudget,
    ) -> None:
        self._subscription = subscription
        self._stopped = stopped
        self.sleep = sleep
        self.connect = connect
        self.clock = clock
        self._budget = budget
        self.rotation = Rotation(draw, budget)
        self.standby: Standby | None = None
        self.heard: float | None = None
        self.connections = 0
        # Since when frames have been delivered, over one connection or several.
        self.since: float | None = None
        self.trouble: str | None = None
        self.failed_handovers = 0

    def events(self) -> Iterator[Event]:
        """The events of a connection and those that replace it, until `stopped`.

        Raises one of FAILURES when a connection ends and no standby can replace it.
        """
        self._budget.spend(self.clock())
        self.socket = self.connect(self._subscription.url)
        try:
            self._begin()
            self.since = self.clock()
            yield Up()
            for message in self._subscription.messages:
                self.socket.send(message)
                self.sleep(MESSAGE_INTERVAL)
            self.heard = self.clock()
            while not self._stopped():
                try:
                    yield from self._read()
                except FAILURES as error:
                    yield from self._wait_for_standby(error)
                if self.standby is not None and self.standby.ready:
                    yield from self._hand_over(self.standby)
        finally:
            self.heard = None
            if self.standby is not None:
                self.standby.abandon()
                self.standby = None
            self.socket.close()

    def _begin(self) -> None:
        self.connections += 1
        self.trouble = None
        self.rotation.begin(self.clock())

    def _read(self) -> Iterator[bytes | Idle]:
        """The frames of the present connection, until its standby is ready, or `stopped`."""
        receive, rotation = self.socket.recv_data, self.rotation
        stopped, clock = self._stopped, self.clock
        last = b""
        while not stopped():
            try:
                opcode, payload = receive(control_frame=True)
            except WebSocketTimeoutException:
                # Part of a frame may have arrived: it stays in the connection's buffer, and the
                # next read continues.
                now = clock()
                if self.heard is not None and now - self.heard > DEAD_AFTER:
                    raise WebSocketConnectionClosedException(
                        f"no data for {DEAD_AFTER} seconds"
                    ) from None
                yield Idle()
                if now >= rotation.look_at and self._look(last, now):
                    return
                continue
            received = clock()
            if opcode in FRAMES:
                # The exchange sends only text here; the decoder reports what is wrong with anything
                # else.
                yield payload
                if TELLTALE in payload and b"serverShutdown" in payload:
                    self._notice(payload)
                last = payload
            elif opcode == ABNF.OPCODE_CLOSE:
                raise ClosedByExchange(payload)
            self.heard = received
            if received >= rotation.look_at and self._look(last, received):
                return

    def _notice(self, frame: bytes) -> None:
        with suppress(BadFrame):  # The decoder reports what is wrong with this frame.
            if type(parse(frame)) is Shutdown:
                self.rotation.want(SHUTDOWN, self.clock())

    def _look(self, last: bytes, now: float) -> bool:
        """Whether the standby is ready. Opens one when it is due.

        last: the newest frame of the present connection.
        """
        if not self.rotation.due(now):
            return False
        if self.standby is None:
            if not self.rotation.may_try(now):
                return False
            self._budget.spend(now)
            self.standby = Standby(
                self._subscription, connect=self.connect, sleep=self.sleep, clock=self.clock
            )
        self.standby.compare(last, now, trusted=self.rotation.trusted)
        if self.standby.error is not None:
            self._give_up(self.standby, self.standby.error)
            return False
        return self.standby.ready

    def _give_up(self, standby: Standby, error: BaseException) -> None:
        """Drop a standby that failed. The present connection continues; another attempt follows."""
        standby.abandon()
        self.standby = None
        if not isinstance(error, FAILURES):
            raise error
        self.trouble = explain(error)
        self.failed_handovers += 1
        logger.warning("Handover failed: %s", self.trouble)
        self.rotation.failed(error, self.clock())

    def _wait_for_standby(self, error: Exception) -> Iterator[Idle]:
        """Wait for the standby after the present connection ended. Without one, raise the error."""
        self.heard = None
        self.socket.close()
        if (standby := self.standby) is None:
            raise error
        self.rotation.distrust(explain(error), self.clock())
        standby.let_go(joined=False)
        while not (standby.ready or self._stopped()):
            failure = standby.error or (TimeoutError() if standby.late() else None)
            if failure is not None:
                self._give_up(standby, failure)
                raise error
            yield Idle()
            standby.wait(READ_TIMEOUT)

    def _hand_over(self, standby: Standby) -> Iterator[bytes | Renewed]:
        """Yield the last frames of the old connection, then those that the standby holds.

        From then on the standby is the present connection.
        """
        if self.heard is not None:  # Otherwise the old one has ended already.
            yield from self._drain()
        reason, joined = self.rotation.reason, self.rotation.trusted and standby.joined
        self.socket.close()
        self.socket, self.standby = standby.take(), None
        # Nothing that it received has been yielded yet.
        self.heard = standby.since
        self.rotation.tried(self.clock())
        self._begin()
        yield Renewed(reason, joined)
        for frame in standby.held:
            yield frame
            if b"serverShutdown" in frame:
                self._notice(frame)
        self.heard = standby.heard

    def _drain(self) -> Iterator[bytes]:
        """The frames that have arrived on the present connection, without waiting for more."""
        self.socket.settimeout(0)
        # The first read that finds nothing raises; so does a connection that ends now, and it is
        # closed anyway.
        with suppress(*FAILURES):
            for _ in range(HELD):
                opcode, payload = self.socket.recv_data(control_frame=True)
                if opcode in FRAMES:
                    yield payload
