"""An outage: the exchange goes away for a minute at 300 ticks a second. How long it takes until the
tape is whole again, and what that costs.

The recorder is the command itself, in a process of its own. The exchange cuts it off, refuses it
for a minute, streams and REST, and goes on trading. Time counts from the end of the outage: until
something is recorded again, and until no gap is left open.
"""

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import NamedTuple

import psutil

from pricetracker.process.supervisor import Children
from replay.exchange import Exchange, open_exchange
from replay.faults.fault import Fault
from replay.server import running

from .figures import Table, spread
from .ground import ground
from .options import Options
from .processes import MEBIBYTE
from .tracker import never, recorder

# Times as busy as the recordings are, whose two symbols have 29 ticks a second.
SPEED = 10.4

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Seconds.
OUTAGE = 60
PATIENCE = 300
SETTLING_IN = 5

# Seconds between two looks at the tape.
BEAT = 0.02


class Healing(NamedTuple):
    """Seconds until back and until whole, ticks fetched, requests and weight that it took, the
    recorder's peak memory in MiB.
    """

    back: float
    whole: float
    ticks: int
    requests: int
    weight: int
    memory: float


def run(options: Options) -> list[Table]:
    names = (
        "seconds until back",
        "seconds until whole",
        "ticks fetched",
        "requests",
        "weight of 6,000",
        "memory at its peak, MiB",
    )
    healings = [dict(zip(names, heal(), strict=True)) for _ in range(options.rounds)]
    return [spread(f"after an outage of {OUTAGE} seconds", healings)]


def heal() -> Healing:
    """One outage, on a tape of its own, in a process of its own."""
    with ground() as here, Children(os.environ | here) as children:
        healing: Healing = children.announced(outage, stop=never)
        return healing


# What the child does: it is the exchange, and looks on.


def outage(result: Connection) -> None:
    import django

    django.setup()

    exchange = open_exchange([], speed=SPEED, loop=True)
    with running(exchange) as at:
        os.environ |= {"BINANCE_WS_URL": at.ws_url, "BINANCE_REST_URL": at.rest_url}
        # On a lifeline of ours: it ends with us, however that happens.
        with Children(os.environ) as children:
            children.announced(recorder, list(SYMBOLS), stop=never)
            (process,) = children.lifelines
            result.send(watch(exchange, psutil.Process(process.pid)))
    threading.Event().wait()


def watch(exchange: Exchange, recorder: psutil.Process) -> Healing:
    from prices.models import Gap, Price, Symbol
    from prices.models.symbol import heard_lately

    wait_until(Price.objects.exists)
    time.sleep(SETTLING_IN)
    weight, requests = (exchange.judge.report()[figure] for figure in ("weight", "requests"))
    exchange.faults.add(Fault(name="refuse", seconds=OUTAGE, options={"status": "503"}), now=True)
    exchange.faults.add(Fault(name="rest-down", seconds=OUTAGE), now=True)
    exchange.faults.add(Fault(name="reset"), now=True)
    ends = datetime.now(UTC) + timedelta(seconds=OUTAGE)
    peak = 0
    wait_until(lambda: datetime.now(UTC) > ends)
    # Somebody vouches for both symbols again.
    while Symbol.objects.filter(heard_lately()).count() < len(SYMBOLS):
        peak = max(peak, recorder.memory_info().rss)
        time.sleep(BEAT)
    back = datetime.now(UTC)
    while Gap.objects.filter(status="open").exists():
        peak = max(peak, recorder.memory_info().rss)
        time.sleep(BEAT)
    whole = datetime.now(UTC)
    report = exchange.judge.report()
    return Healing(
        (back - ends).total_seconds(),
        (whole - ends).total_seconds(),
        sum(Gap.objects.values_list("ticks", flat=True)),
        report["requests"] - requests,
        report["weight"] - weight,
        peak / MEBIBYTE,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Nothing has happened for {PATIENCE} seconds.")
        time.sleep(BEAT)
