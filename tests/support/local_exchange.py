"""A local exchange for tests: real sockets, on a free port, in a thread of its own."""

import csv
import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from replay.archive import SHIPPED
from replay.clock import LOOK_AGAIN, Clock, ReplayClock
from replay.exchange import Exchange, open_exchange
from replay.limits import Limits
from replay.server import running

BTC = SHIPPED / "BTCUSDT-aggTrades-2024-08-08.csv.gz"
ETH = SHIPPED / "ETHUSDT-aggTrades-2024-08-08.csv.gz"
TRX = Path(__file__).parents[1] / "data" / "TRXUSDT-aggTrades-2025-03-04.csv.gz"
MAX = inf  # as fast as the client takes it


@dataclass(frozen=True)
class Running:
    ws_url: str
    rest_url: str
    exchange: Exchange


class HeldClock(ReplayClock):
    """Runs up to an instant, in microseconds, and stands still there until it is let go."""

    def __init__(self, first_time: int, speed: float, held_at: int) -> None:
        super().__init__(first_time, speed)
        self._held_at = held_at
        self._let_go_at: float | None = None

    def let_go(self) -> None:
        self._let_go_at = time.monotonic()

    def now(self) -> int:
        if self._let_go_at is None:
            return min(super().now(), self._held_at)
        passed = time.monotonic() - self._let_go_at
        return self._held_at + int(passed * self.speed * 1_000_000)

    def seconds_until(self, time: int) -> float:
        """Not known while it is held: ask again soon."""
        return min(super().seconds_until(time), LOOK_AGAIN)


@contextmanager
def local_exchange(
    *files: Path,
    speed: float = MAX,
    loop: bool = False,
    limits: Limits | None = None,
    clock: Clock | None = None,
) -> Iterator[Running]:
    """Without files: the recordings that ship with the project."""
    exchange = open_exchange(files, speed=speed, loop=loop, limits=limits, clock=clock)
    with running(exchange) as address:
        yield Running(address.ws_url, address.rest_url, exchange)


def agg_trades(path: Path) -> list[dict[str, Any]]:
    """The rows of a gzipped recording as REST gives them, in microseconds: the answer key."""
    with gzip.open(path, "rt", newline="", encoding="utf-8") as lines:
        return [
            {
                "a": int(agg_id),
                "p": price,
                "q": quantity,
                "f": int(first_id),
                "l": int(last_id),
                "T": int(time) if len(time) == 16 else int(time) * 1000,
                "m": buyer_maker == "True",
                "M": best_match == "True",
            }
            for agg_id, price, quantity, first_id, last_id, time, buyer_maker, best_match in (
                csv.reader(lines)
            )
        ]
