"""A local exchange whose clock stands still until a test moves it on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from replay.clock import LAG, StepClock
from replay.exchange import Exchange, open_exchange
from replay.faults.fault import Fault
from replay.limits import Limits
from replay.server import running
from tests.support.local_exchange import BTC, agg_trades
from tests.support.recorders import eventually

ROWS = agg_trades(BTC)


class Watched(StepClock):
    """A clock that knows who looked at it, and how far they came."""

    def __init__(self, first_time: int) -> None:
        super().__init__(first_time)
        self.looks = 0
        self.furthest = 0

    def horizon(self) -> int:
        self.looks += 1
        return super().horizon()

    def reached(self, time: int) -> None:
        self.furthest = max(self.furthest, time)


@dataclass(frozen=True)
class Stepped:
    ws_url: str
    rest_url: str
    exchange: Exchange
    clock: Watched
    stream: str = field(default="/ws/btcusdt@aggTrade")

    @property
    def url(self) -> str:
        return self.ws_url + self.stream

    def tell(self, number: int) -> None:
        """Let happen what happened up to and with the row of this number."""
        self.clock.step_to(ROWS[number]["T"] + LAG)

    def until_taken(self, number: int) -> None:
        """Wait until the ticks up to this row were taken by a connection, whatever became
        of them.
        """
        eventually(lambda: self.clock.furthest >= ROWS[number]["T"])

    def until_looked(self) -> None:
        """Wait until a connection has looked for ticks again, and again."""
        seen = self.clock.looks
        eventually(lambda: self.clock.looks >= seen + 4)

    def goes_wrong(self, name: str, **values: object) -> None:
        """From now on."""
        self.exchange.faults.add(fault(name, **values), now=True)

    def until_played(self, name: str) -> None:
        eventually(lambda: self.exchange.faults.played().get(name))


def fault(name: str, **values: object) -> Fault:
    """The options that are not everybody's are given as they stand in a script, as text."""
    common = {"at", "seconds", "count", "symbol"}
    options = {key: str(value) for key, value in values.items() if key not in common}
    known = {key: value for key, value in values.items() if key in common}
    return Fault(name=name, options=options, **known)


@contextmanager
def stepped_exchange(*files: Path, limits: Limits | None = None) -> Iterator[Stepped]:
    """Nothing has happened yet. Without files: BTCUSDT alone."""
    clock = Watched(ROWS[0]["T"] - 1_000_000)
    exchange = open_exchange(files or [BTC], limits=limits, clock=clock)
    with running(exchange) as address:
        yield Stepped(address.ws_url, address.rest_url, exchange, clock)
