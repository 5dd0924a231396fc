"""A private PostgreSQL from outside: the processes that use it, its keeper and its server, each to
be killed at will.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

from pricetracker.postgres import keeper, postmaster

PROJECT = Path(__file__).parents[2]

Seen = TypeVar("Seen")

# Seconds before a test gives up waiting: no test is about speed.
PATIENCE = 120


def wait_until(look: Callable[[], Seen]) -> Seen:
    """The first true answer."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return seen


def kill(process: psutil.Process) -> None:
    """Until it is dead: its locks are free, though its parent may not have noticed."""
    process.kill()
    wait_until(lambda: not is_alive(process))


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


class User:
    """A process that uses the server: see postgres_user."""

    def __init__(self, folder: Path, *flags: str, database: str = "tape", **options: str) -> None:
        settings = json.dumps({"fsync": "off", **options})
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.postgres_user",
                str(folder),
                database,
                settings,
                *flags,
            ],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def say(self, sql: str) -> None:
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        return self.process.stdout.readline().rstrip("\n")

    def ask(self, sql: str) -> str:
        self.say(sql)
        return self.hear()

    def connect(self) -> str:
        """The name of the server one is connected to: when it started."""
        return self.ask("SELECT pg_postmaster_start_time()")

    def leave(self) -> str:
        """End as a program ends; what it wrote on stderr."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return errors

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


class Private:
    """The server in a folder, and all the users that a test sends to it."""

    def __init__(self, folder: Path, database: str = "tape") -> None:
        self.folder = folder
        self.database = database
        self.data = folder / "server" / "data"
        self.users: list[User] = []

    def user(self, *flags: str, **options: str) -> User:
        self.users.append(User(self.folder, *flags, database=self.database, **options))
        return self.users[-1]

    def server(self) -> psutil.Process | None:
        found = postmaster.find(self.data)
        return psutil.Process(found.pid) if found else None

    def keeper(self) -> psutil.Process | None:
        command = [keeper.__name__, str(self.folder)]
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if line[2:4] == command and is_alive(process):
                return process
        return None

    def wait_until_stopped(self) -> None:
        wait_until(lambda: not self.server() and not self.keeper())

    def clear(self) -> None:
        """Leave no process behind, whatever the test did."""
        for user in self.users:
            if user.process.poll() is None:
                user.kill()
        # A test that killed the keeper may have left a server that only a keeper stops.
        if self.server() and not self.keeper():
            self.user().connect()
            self.users[-1].kill()
        self.wait_until_stopped()
