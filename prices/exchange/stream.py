"""The feed: frames of some streams, without end, over as many connections as that takes."""

import random
import time
from collections.abc import Callable, Iterator

from . import connection
from .backoff import Backoff
from .events import Down, Event, Idle, Renewed, Up
from .relay import Relay
from .subscription import Subscription

__all__ = ["Down", "Event", "Idle", "Renewed", "Stream", "Up"]


class Stream:
    """Iterate over it to get frames as bytes, and among them, in order, the events of the
    connection.

    It reconnects without end, and stops when `stopped` says so. Pings are answered as frames are
    read: keep reading.

    Before a connection reaches its maximum age, when the exchange announces its end, and when
    `renew` asks for it, another connection takes over. Trades of the overlap come twice, but in
    order: first all of the old connection, then all of the new one.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        stopped: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
        connect: Callable[[str], connection.Socket] = connection.connect,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.subscription = subscription
        self._stopped = stopped
        self.sleep = sleep
        self.clock = clock
        self._draw = draw
        # Attempts to connect after a connection was lost or could not be made.
        self.reconnects = 0
        self.relay = Relay(
            subscription, stopped=stopped, sleep=sleep, connect=connect, clock=clock, draw=draw
        )

    @property
    def heard(self) -> float | None:
        """The clock's time at which the exchange last sent something; None without a connection.

        It moves on only after the reader has asked for the next event: whatever was sent before has
        been yielded.
        """
        return self.relay.heard

    @property
    def connections(self) -> int:
        """How many connections have delivered so far, the present one included."""
        return self.relay.connections

    @property
    def trouble(self) -> str | None:
        """Why the last attempt to replace the present connection failed, if it did."""
        return self.relay.trouble

    @property
    def failed_handovers(self) -> int:
        """How many standby connections have failed before they took over."""
        return self.relay.failed_handovers

    def renew(self, reason: str) -> None:
        """Replace the present connection, which is not to be trusted.

        May be called by any thread; without a connection it does nothing.
        """
        self.relay.rotation.ask(reason)

    def __iter__(self) -> Iterator[Event]:
        waits = Backoff(self._draw)
        while not self._stopped():
            self.relay.since = None
            try:
                yield from self.relay.events()
            except connection.FAILURES as error:
                if self.relay.since is not None:
                    waits.lasted(self.clock() - self.relay.since)
                wait = waits.next()
                yield Down(connection.explain(error), wait)
                self.sleep(wait)
                if not self._stopped():
                    self.reconnects += 1
