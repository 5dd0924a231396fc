"""A whole tracker in a temporary home: exchange, recorder and site, each a process of its own, as
`manage.py start` has them.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prices.management.commands import start
from prices.recording.session import connect
from prices.recording.tape import Tape
from pricetracker.process.server import address, listen, serve
from pricetracker.process.supervisor import Children
from replay.exchange import Exchange, open_exchange
from replay.ledger import Ledger
from replay.server import Address
from replay.server import run as run_exchange
from tests.support.market import Held, fill, market

from .ground import ground

# Ticks a second of the recordings that ship, both symbols together.
SHIPPED_RATE = 28.4

# Of the made-up market.
SEED = 23


@dataclass
class Recording:
    """A tracker without its site."""

    children: Children
    exchange: Address

    @property
    def environment(self) -> dict[str, str]:
        """What leads to its tape."""
        return self.children.environment

    def measure(self, child: Any, *arguments: Any) -> Any:
        """What a child announces that measures beside it. Raises ChildEnded when a part of the
        tracker has ended.
        """
        with Children(self.environment) as children:
            found = children.announced(child, *arguments, stop=never)
        self.children.check(0, never)
        return found

    def process(self, child: str) -> int:
        """The id of the process that runs one of the functions below."""
        (pid,) = (process.pid for process in self.children.lifelines if process.name == child)
        if pid is None:
            raise RuntimeError(f"{child} was never started.")
        return pid


@dataclass
class Tracker(Recording):
    """`url` is the site's, without a slash at its end; `pid` that of its process."""

    url: str
    pid: int


@contextmanager
def recording(
    symbols: Sequence[str],
    exchange: Callable[..., object],
    *arguments: Any,
    before: Callable[..., object] | None = None,
) -> Iterator[Recording]:
    """Records some symbols from an exchange; `before` comes before the recorder, with the same
    arguments.
    """
    with ground() as here, Children(os.environ | here) as children:
        open_at = children.announced(exchange, *arguments, stop=never)
        children.environment |= start.where(open_at)
        if before:
            children.announced(before, *arguments, stop=never)
        children.announced(recorder, symbols, stop=never)
        yield Recording(children, open_at)


@contextmanager
def tracker(
    symbols: Sequence[str],
    exchange: Callable[..., object],
    *arguments: Any,
    before: Callable[..., object] | None = None,
) -> Iterator[Tracker]:
    """The same, and serves them."""
    with recording(symbols, exchange, *arguments, before=before) as running:
        url, pid = running.children.announced(site, stop=never)
        yield Tracker(running.children, running.exchange, url, pid)


def never() -> bool:
    return False


# What the children do. Each announces that it is ready, and where.


def looped(ready: Connection, files: Sequence[Path] = (), speed: float = 1) -> None:
    """In the present and for ever, `speed` times as busy as the files."""
    run_exchange(open_exchange(files, speed=speed, loop=True), "127.0.0.1", 0, ready.send)


def wandering(ready: Connection, begins: int) -> None:
    """A made-up market that moves from an instant on, in microseconds, and has a past."""
    made = Exchange(Ledger(market(begins, SEED)), Held(begins))
    run_exchange(made, "127.0.0.1", 0, ready.send)


def past(ready: Connection, begins: int) -> None:
    """Stores what was traded on it until then."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "migrate", "--verbosity=0"])
    tape = Tape(connect("benchmark"))
    recordings = market(begins, SEED)
    tape.register([recording.symbol for recording in recordings])
    fill(tape, recordings, begins)
    tape.close()
    ready.send(True)
    stay()


def recorder(ready: Connection, symbols: Sequence[str]) -> None:
    # Its status line.
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = nowhere
        start.recorder(ready, list(symbols))


def site(ready: Connection) -> None:
    import django

    django.setup()
    listening = listen("127.0.0.1", 0)
    ready.send((address(listening).rstrip("/"), os.getpid()))
    from prices.live.broadcast import sign_off

    serve(listening, at_end=sign_off)


def stay() -> None:
    """A child that has announced what it found must not end by itself."""
    threading.Event().wait()
