"""The feed: an endless iterator of frames, over as many connections as it takes."""

import random
import time
from collections.abc import Callable, Iterator

from . import connection
from .attempts import AttemptBudget
from .connection_chain import ConnectionChain
from .events import Down, Event, Idle, Renewed, Up
from .failures import FAILURES, explain
from .reconnection import Reconnection
from .subscription import Subscription

__all__ = ["Down", "Event", "Idle", "Renewed", "Stream", "Up"]


class Stream:
    """Yields frames as bytes and, in their place among these, the events of the connection.

    It reconnects until `stopped` returns True. Pings are answered only while frames are read, so
    keep reading.

    A handover to another connection takes place before a connection reaches its maximum age, when
    the exchange announces its end, and on `renew`. Trades of the overlap come twice, but in order:
    first all of the old connection, then all of the new one.
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
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.subscription = subscription
        self._stopped = stopped
        self.sleep = sleep
        self.clock = clock
        budget = AttemptBudget()
        self._reconnection = Reconnection(budget, draw=draw, wall_clock=wall_clock)
        # Attempts to connect after a connection was lost or could not be made.
        self.reconnects = 0
        self.chain = ConnectionChain(
            subscription,
            stopped=stopped,
            sleep=sleep,
            connect=connect,
            clock=clock,
            draw=draw,
            budget=budget,
        )

    @property
    def heard(self) -> float | None:
        """When the exchange last sent something, by `clock`; None without a connection.

        It advances only when the reader asks for the next event: everything sent before has been
        yielded.
        """
        return self.chain.heard

    @property
    def connections(self) -> int:
        """How many connections have delivered so far, the present one included."""
        return self.chain.connections

    @property
    def trouble(self) -> str | None:
        """Why the last handover failed; None when it did not."""
        return self.chain.trouble

    @property
    def failed_handovers(self) -> int:
        """How many standby connections failed before their handover."""
        return self.chain.failed_handovers

    def renew(self, reason: str) -> None:
        """Replace the present connection, which is not to be trusted.

        Any thread may call it. Without a connection it does nothing.
        """
        self.chain.rotation.ask(reason)

    def __iter__(self) -> Iterator[Event]:
        while not self._stopped():
            self.chain.since = None
            began = self.clock()
            try:
                yield from self.chain.events()
            except FAILURES as error:
                now = self.clock()
                took = now - began
                if self.chain.since is not None:
                    self._reconnection.lasted(now - self.chain.since)
                    took = 0.0
                wait = self._reconnection.wait(error, now, took)
                yield Down(explain(error), wait)
                self.sleep(wait)
                if not self._stopped():
                    self.reconnects += 1
