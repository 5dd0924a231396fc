"""Processes that are sent signals, and an exchange that knows when all that it sent was
received.
"""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.faulty_server import PING, faulty, frame
from tests.support.feeds import Market
from tests.support.private_postgres import Private
from tests.support.recorders import PATIENCE, eventually, manage

# Trades of a backlog: many, and fewer than the buffer holds.
BACKLOG = 500

# How the status line and the log of a recorder say that it finishes.
FLUSHING = "buffered frames; press Ctrl-C again to quit without saving them."

# Connections that a recorder may make to an exchange here.
CONNECTIONS = 5


class Exchange(Market):
    """A market of BTCUSDT alone. Nothing answers at its REST URL."""

    url = ""
    payloads = itertools.count(1)

    def urls(self) -> dict[str, str]:
        return {"BINANCE_WS_URL": self.url, "BINANCE_REST_URL": "http://127.0.0.1:1"}

    def trade_backlog(self) -> None:
        """Return after a client has read all of it: a pong follows what was read before the
        ping.
        """
        for _ in range(BACKLOG):
            self.trade()
        payload = b"%d" % next(self.payloads)
        self.tell(frame(PING, payload))
        eventually(lambda: payload in [answered for _, answered in list(self.pongs)])


@contextmanager
def exchange_of(market: Exchange) -> Iterator[Exchange]:
    with faulty(*[market.serve] * CONNECTIONS) as market.url:
        yield market


@dataclass
class Command:
    """A management command whose stdout and stderr go to a file, as a user's `> log 2>&1` sends
    them.
    """

    process: subprocess.Popen[str]
    log: Path
    home: Path | None = None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_until_said(self, words: str) -> None:
        eventually(lambda: words in self.said() or self.process.poll() is not None)
        assert words in self.said()

    def ended(self) -> int:
        """The exit code. What was said is no traceback, and no process is left in its home."""
        code = self.process.wait(PATIENCE)
        assert "Traceback" not in self.said()
        if self.home:
            home = self.home
            eventually(lambda: not running(home))
        return code


@contextmanager
def command(
    *arguments: str, log: Path, home: Path | None = None, **environment: str
) -> Iterator[Command]:
    """With a `home`, on its private PostgreSQL; else on the database of the test."""
    own = {} if home is None else {"PRICETRACKER_HOME": str(home), "DATABASE_URL": ""}
    with log.open("w", encoding="utf-8") as output:
        process = manage(*arguments, output=output, **own, **environment)
    try:
        yield Command(process, log, home)
    finally:
        process.kill()
        process.wait()
        print(log.read_text(encoding="utf-8"))  # noqa: T201 - pytest shows it when the test fails


def running(home: Path) -> list[str]:
    """All that runs in a home: commands, their children, and the private PostgreSQL."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            lives_there = process.environ().get("PRICETRACKER_HOME") == str(home)
            if lives_there or str(home) in " ".join(process.cmdline()):
                found.append(" ".join(process.cmdline()))
    return found


def itself(command: Command) -> list[psutil.Process]:
    """As `docker stop` does, and `kill`."""
    return [psutil.Process(command.process.pid)]


def its_group(command: Command) -> list[psutil.Process]:
    """As a terminal does for Ctrl-C: all that have not left the group."""
    return [each for each in everything(command) if group(each) == group(itself(command)[0])]


def group(process: psutil.Process) -> int | None:
    with suppress(ProcessLookupError):
        return os.getpgid(process.pid)
    return None


def everything(command: Command) -> list[psutil.Process]:
    """As systemd does for all processes of a service, PostgreSQL's included."""
    found = itself(command)
    with suppress(psutil.Error):
        found += found[0].children(recursive=True)
    if command.home and (server := Private(command.home / "postgres").server()):
        with suppress(psutil.Error):
            found += [server, *server.children(recursive=True)]
    return list(dict.fromkeys(found))


def send(number: signal.Signals, processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)
