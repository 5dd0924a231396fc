"""A local exchange for tests: real sockets, on a free port, in a thread of its own."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from replay.archive import SHIPPED
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


@contextmanager
def local_exchange(
    *files: Path, speed: float = MAX, loop: bool = False, limits: Limits | None = None
) -> Iterator[Running]:
    """Without files: the recordings that ship with the project."""
    exchange = open_exchange(files, speed=speed, loop=loop, limits=limits)
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
