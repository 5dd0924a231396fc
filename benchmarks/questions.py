"""Questions: how fast the tape answers at 1, 10 and 100 million ticks, while 1,000 a second are
recorded.

Database time is that of the statements which the site's own code sends, there and back on a local
line. HTTP is the site's own process, beside a view that does nothing. Recorder, exchange,
PostgreSQL, the site and whoever asks share the machine.

Cold is the first question about a place after PostgreSQL was stopped and the system told to forget
its files. A device may still remember them.
"""

import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from prices.management.commands import start
from pricetracker.process.supervisor import Children
from replay.server import Address

from . import asked, files
from .crowd import crowd
from .figures import Table
from .ground import ground
from .growing import grow
from .grown import COPIES, SPEED, Grown
from .inside import first_asked, settled
from .options import Options
from .plain import asking_plain
from .tracker import Recording, Tracker, looped, never, recorder, site

# The largest tape that is also asked without an index.
PLAIN = 10_000_000


def run(options: Options) -> list[Table]:
    tables: list[Table] = []
    medians: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as folder, ground() as here:
        files.check_room(here["PRICETRACKER_HOME"], options.sizes[-1])
        recordings = list(crowd(Path(folder), COPIES).values())
        began = datetime.now(UTC)
        with Children(os.environ | here) as children:
            exchange = children.announced(looped, recordings, SPEED, stop=never)
            environment = children.environment | start.where(exchange)
            for held, size in zip((0, *options.sizes), options.sizes, strict=False):
                with Children(environment) as growing:
                    grown = growing.announced(grow, recordings, began, held, size, stop=never)
                at = f"at {size / 1_000_000:g} million ticks"
                tables.append(asked.tape(grown, at))
                with tracked(environment, exchange, grown) as running:
                    tables += asked.in_turns(running, grown, at, options, medians)
                    if size == max((each for each in options.sizes if each <= PLAIN), default=None):
                        tables.append(plain(running, grown, at, medians[at]))
                if files.CAN_FORGET:
                    tables.append(first(environment, exchange, grown, at))
                children.check(0, never)
    return [*tables, asked.growth(medians)] if len(medians) > 1 else tables


@contextmanager
def recorded(
    environment: Mapping[str, str], exchange: Address, grown: Grown
) -> Iterator[Recording]:
    """The tape goes on, and is whole."""
    with Children(environment) as children:
        children.announced(recorder, grown.symbols, stop=never)
        running = Recording(children, exchange)
        running.measure(settled)
        yield running


@contextmanager
def tracked(environment: Mapping[str, str], exchange: Address, grown: Grown) -> Iterator[Tracker]:
    """The same, and is served."""
    with recorded(environment, exchange, grown) as running:
        url, pid = running.children.announced(site, stop=never)
        yield Tracker(running.children, exchange, url, pid)


def plain(running: Recording, grown: Grown, at: str, tape: Mapping[str, float]) -> Table:
    """`tape`: what its answers take in the middle."""
    columns = ("no index", "the tape", "ratio")
    table = Table(f"no index {at}, database time, median, ms", columns)
    for name, times in running.measure(asking_plain, grown).items():
        took = statistics.median(times)
        table.add(name, (took, tape[name], took / tape[name]))
    return table


def first(environment: Mapping[str, str], exchange: Address, grown: Grown, at: str) -> Table:
    files.forget(Path(environment["PRICETRACKER_HOME"]))
    with recorded(environment, exchange, grown) as running:
        times = running.measure(first_asked, grown)
    return asked.shares(f"database time {at}, after a cold start, ms", times)
