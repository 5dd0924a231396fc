"""One local exchange: the ledger, clock and limits that its connections and requests share."""

import math
import time
from collections.abc import Iterable
from pathlib import Path

from . import archive
from .clock import Clock, DrivenClock, ReplayClock
from .conformance import Judge
from .faults.catalogue import check
from .faults.schedule import FaultSchedule
from .faults.targets import FaultTargets
from .ledger import Ledger, Market
from .limits import CONNECTIONS_WINDOW, Limits, RollingWindow, Weights
from .rest import Rest


class Exchange:
    def __init__(self, ledger: Ledger, clock: Clock, limits: Limits | None = None) -> None:
        self.ledger = ledger
        self.clock = clock
        self.limits = limits or Limits()
        self.wall = time.time  # request weight is counted by the minute on the wall
        self.faults = FaultSchedule(check=check)
        self.targets = FaultTargets(self.faults)
        self.judge = Judge(self.limits, self.faults.played)
        self.rest = Rest(ledger, self.limits)
        self._weights: dict[str, Weights] = {}
        self._connections: dict[str, RollingWindow] = {}

    def weights_of(self, address: str) -> Weights:
        return self._weights.setdefault(address, Weights(self.limits))

    def connections_of(self, address: str) -> RollingWindow:
        window = RollingWindow(self.limits.connections, CONNECTIONS_WINDOW)
        return self._connections.setdefault(address, window)

    def markets(self, symbols: Iterable[str]) -> list[Market]:
        """The markets of these symbols that are listed."""
        return [self.ledger.markets[name] for name in symbols if name in self.ledger.markets]


def open_exchange(
    files: Iterable[Path] = (),
    *,
    speed: float = 1,
    loop: bool = False,
    limits: Limits | None = None,
    clock: Clock | None = None,
) -> Exchange:
    """An exchange that replays these files, or the included ones; `speed` may be infinite.

    A loop follows the calendar. So at another speed the recording is compressed: the exchange is
    that many times as busy, and its times stay those of the present. At infinite speed it starts
    from the present and runs ahead of it. A `clock` passed in replaces all this.
    """
    recordings = archive.read(list(files) or archive.shipped())
    driven = math.isinf(speed)
    ledger = Ledger(recordings, loop=loop, squeeze=speed if loop and not driven else 1)
    if clock is None and driven:
        clock = DrivenClock(Clock().now() if loop else ledger.first_time)
    elif clock is None:
        clock = Clock() if loop else ReplayClock(ledger.first_time, speed)
    return Exchange(ledger, clock, limits)
