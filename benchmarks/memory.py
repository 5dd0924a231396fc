"""Memory of each process while 10,000 ticks a second are recorded for ten minutes: 57 hours' worth
of the recordings.

Of recorder, site and exchange it is what most tools tell, shared libraries included. What
PostgreSQL's processes share, most of which is its cache, is counted once. The site serves nobody:
what readers cost it is told elsewhere.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection

import psutil

from .figures import Table
from .processes import MEBIBYTE, postmaster, resident
from .tracker import SHIPPED_RATE, looped, stay, tracker

RATE = 10_000
SECONDS = 600

SYMBOLS = ("BTCUSDT", "ETHUSDT")

CHILDREN = {"recorder": "recorder", "site": "site", "exchange": "looped"}

# Seconds until all is loaded, and a buffer full of ticks has gone by.
WARM_UP = 20

# Seconds between two looks.
LOOK = 1

# By process, at each look.
Memory = dict[str, list[float]]


def run(seconds: float = SECONDS) -> list[Table]:
    with tracker(SYMBOLS, looped, (), RATE / SHIPPED_RATE) as running:
        time.sleep(WARM_UP)
        pids = {name: running.process(child) for name, child in CHILDREN.items()}
        memory, rate = running.measure(watched, pids, seconds)
    table = Table(
        f"memory at {RATE:,} ticks a second for {seconds / 60:g} minutes, MiB",
        ("after warm-up", "half-way", "at the end", "at its peak", "growth"),
    )
    for name, looks in memory.items():
        early, late = looks[0], looks[-1]
        table.add(name, (early, looks[len(looks) // 2], late, max(looks), late / early))
    recorded = Table("recorded meanwhile", ("ticks a second",))
    recorded.add("recorder", (rate,))
    return [table, recorded]


def watched(result: Connection, pids: Mapping[str, int], seconds: float) -> None:
    """Memory in MiB, and ticks recorded a second."""
    import django

    django.setup()

    from prices.models import Price

    server = postmaster()
    processes = {name: psutil.Process(pid) for name, pid in pids.items()}
    memory: Memory = {name: [] for name in [*pids, *(["PostgreSQL"] if server else [])]}
    before, began = Price.objects.count(), time.monotonic()
    while time.monotonic() - began < seconds:
        for name, process in processes.items():
            memory[name].append(resident(process))
        if server:
            memory["PostgreSQL"].append(shared_out(server))
        time.sleep(LOOK)
    recorded = Price.objects.count() - before
    result.send((memory, recorded / (time.monotonic() - began)))
    stay()


def shared_out(server: psutil.Process) -> float:
    """Memory in MiB of a server and its children, what they share counted once."""
    found = 0.0
    for process in (server, *server.children()):
        # Workers come and go.
        with suppress(psutil.NoSuchProcess):
            info = process.memory_full_info()
            # Only Linux tells each process's share of what is shared; elsewhere it is left out.
            found += getattr(info, "pss", info.uss) / MEBIBYTE
    return found
