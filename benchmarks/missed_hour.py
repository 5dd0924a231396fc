"""An hour of BTCUSDT and ETHUSDT that nobody recorded, fetched by `manage.py repair_gaps`: what it
takes of the exchange's limits.

The baseline is the least that these ticks can weigh: 4 for each thousand of a symbol.
"""

import os
import subprocess
import sys
import time
from itertools import islice
from multiprocessing.connection import Connection
from typing import NamedTuple

from prices.exchange.agg_trades import ROWS, WEIGHT
from pricetracker.process.supervisor import Children
from replay.exchange import Exchange, open_exchange
from replay.server import running

from .crowd import understood
from .figures import Table, spread
from .ground import ground
from .tracker import never, stay

# Microseconds.
SECOND = 1_000_000
HOUR = 3_600 * SECOND

# Ticks of each symbol that are recorded before the hour, and after it.
RECORDED = 100


class Fetched(NamedTuple):
    """Ticks that were missing, what it took to get them, and the least weight that it could
    take.
    """

    ticks: int
    requests: int
    weight: int
    least: int
    seconds: float


def run(rounds: int) -> Table:
    return spread("a missed hour, fetched", [figures(fetch()) for _ in range(rounds)])


def figures(fetched: Fetched) -> dict[str, float]:
    return {
        "ticks": fetched.ticks,
        "requests": fetched.requests,
        "weight, of 6,000 a minute": fetched.weight,
        "weight by the least possible": fetched.weight / fetched.least,
        "seconds": fetched.seconds,
    }


def fetch() -> Fetched:
    with ground() as here, Children(os.environ | here) as children:
        return Fetched(*children.announced(repaired, stop=never))


def repaired(result: Connection) -> None:
    """The child is the exchange, which has a past; and its client."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])

    from prices.models import Gap

    exchange = open_exchange(loop=True)
    miss(exchange)
    with running(exchange) as at:
        os.environ |= {"BINANCE_WS_URL": at.ws_url, "BINANCE_REST_URL": at.rest_url}
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "manage.py", "repair_gaps"], check=True, stdout=subprocess.DEVNULL
        )
        seconds = time.perf_counter() - began
    gaps = Gap.objects.values_list("ticks", flat=True)
    report = exchange.judge.report()
    least = sum(-(-ticks // ROWS) * WEIGHT for ticks in gaps)
    result.send(tuple(Fetched(sum(gaps), report["requests"], report["weight"], least, seconds)))
    stay()


def miss(exchange: Exchange) -> None:
    """Store what was traded before the last hour but one minute, and after it."""
    from prices.recording.session import connect
    from prices.recording.tape import Tape

    tape = Tape(connect("benchmark"))
    tape.register(list(exchange.ledger.markets))
    ends = exchange.clock.now() - 60 * SECOND
    for market in exchange.ledger.markets.values():
        for begins in (market.count_until(ends - HOUR) - RECORDED, market.count_until(ends)):
            tape.store(list(islice(understood(market, begins), RECORDED)))
    tape.close()
