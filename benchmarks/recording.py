"""Recording: ticks committed a second through the real socket, against websocket-client alone on
the same frames.

The baseline is websocket-client's fastest plain way: `recv_data`, its own UTF-8 check off, nothing
done with what comes. Both take from the local exchange at full speed, one after the other, each in
a process of its own, beside the exchange and PostgreSQL. What exchange and PostgreSQL use of the
processors the recorder has to do without.
"""

import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pricetracker.process.supervisor import Children

from .crowd import MANY, crowd
from .figures import Table, spread
from .ground import ground
from .options import Options
from .sources import exchange
from .storing import BATCHES, KNOWN, alone, rates
from .takers import Recorded, bare, record
from .tracker import never

SYMBOLS = ("BTCUSDT", "ETHUSDT")

Figures = dict[str, float]

# Seconds in which writers get ready that are to begin at the same time.
READY = 30


def run(options: Options) -> list[Table]:
    seconds, rounds = options.seconds, range(options.rounds)
    with (
        ground() as here,
        Children(os.environ | here) as children,
        tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as folder,
    ):
        children.announced(migrated, stop=never)
        # In turn, so that what else the machine is busy with touches all of them.
        stored, few = [], []
        for _ in rounds:
            stored.append(measure(here, rates, seconds))
            few.append(pair(here, SYMBOLS, seconds))
        ratios = [against(each, pair) for each, pair in zip(stored, few, strict=True)]
        tables = [
            spread("recording, 2 symbols", few),
            spread("storing, ticks a second", stored),
            spread("recording and storing, by their baselines", ratios),
        ]
        together = [disjoint(here, seconds) for _ in rounds]
        tables.append(spread("storing, a symbol each, ticks a second", together))
        over_tls = [pair(here, SYMBOLS, seconds, secured=True) for _ in rounds]
        tables.append(spread("recording, 2 symbols, over TLS", over_tls))
        many = crowd(Path(folder), MANY)
        crowded = [pair(here, tuple(many), seconds, tuple(many.values())) for _ in rounds]
        tables.append(spread(f"recording, {len(many)} symbols", crowded))
    return tables


def pair(
    environment: Mapping[str, str],
    symbols: Sequence[str],
    seconds: float,
    files: Sequence[Path] = (),
    *,
    secured: bool = False,
) -> Figures:
    """The two, one after the other, on one exchange, which begins afresh."""
    with Children(environment) as children:
        source = children.announced(exchange, files, secured, stop=never)
        alone = measure(environment, bare, source, symbols, seconds)
        recorder: Recorded = measure(environment, record, source, symbols, seconds)
    figures = {
        "websocket-client alone, frames a second": alone,
        "recorder, ticks committed a second": recorder.rate,
        "the second by the first": recorder.rate / alone,
        "recorder, processor seconds a million ticks": recorder.recorder,
        "PostgreSQL, processor seconds a million ticks": recorder.postgresql,
        "exchange, processor seconds a million ticks": recorder.exchange,
        "recorder's memory after warm-up, MiB": recorder.memory_early,
        "recorder's memory at its peak, MiB": recorder.memory_peak,
    }
    return {name: figure for name, figure in figures.items() if not math.isnan(figure)}


def disjoint(environment: Mapping[str, str], seconds: float) -> Figures:
    """One writer, and then two at once that store different symbols."""
    (one,) = storing(environment, SYMBOLS[:1], seconds)
    both = sum(storing(environment, SYMBOLS, seconds))
    return {"one writer": one, "two writers, together": both, "the second by the first": both / one}


def storing(environment: Mapping[str, str], symbols: Sequence[str], seconds: float) -> list[float]:
    begins = time.time() + READY
    with Children(environment) as children, ThreadPoolExecutor() as waiting:
        found = [
            waiting.submit(children.announced, alone, symbol, seconds, begins, stop=never)
            for symbol in symbols
        ]
        return [each.result() for each in found]


def against(stored: Figures, pair: Figures) -> Figures:
    recorder = pair["recorder, ticks committed a second"]
    insert, copied = stored["one INSERT and commit a tick"], stored["COPY in one go"]
    tape = [*(f"the tape, batches of {size:,}" for size in BATCHES), KNOWN]
    return {
        "recorder by one INSERT and commit a tick": recorder / insert,
        "recorder by COPY in one go": recorder / copied,
    } | {f"{name}, by COPY in one go": stored[name] / copied for name in tape}


def measure(environment: Mapping[str, str], child: Callable[..., None], *arguments: object) -> Any:
    with Children(environment) as children:
        return children.announced(child, *arguments, stop=never)


def migrated(ready: Connection) -> None:
    """Holds the database, a private server too, for as long as the benchmark lasts."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
    ready.send(True)
    threading.Event().wait()
