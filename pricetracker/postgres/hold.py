"""This process's hold on a server. The server runs while any process has one.

The kernel releases it when the process exits, in whatever way.
"""

import logging
import os
import subprocess
import threading
import time
from functools import cache
from pathlib import Path

from . import Unavailable, keeper, locks
from .cluster import Cluster
from .configuration import Configuration
from .postmaster import Postmaster, find

logger = logging.getLogger(__name__)

# Seconds between two checks of a server that is starting or stopping.
POLL_INTERVAL = 0.02

# Seconds, for callers that wait as long as a recovery takes.
FOREVER = threading.TIMEOUT_MAX

# Seconds after which a log line says what we wait for. Only a recovery takes longer.
REPORT_AFTER = 5


@cache
def on(folder: Path) -> "Hold":
    """The only hold of this process on the server in a folder: see `locks` for why only one."""
    return Hold(folder)


if hasattr(os, "register_at_fork"):
    # A child process does not inherit the lock: it takes its own.
    os.register_at_fork(after_in_child=on.cache_clear)


class Hold:
    """Threads share it. Use `on` to get it."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder)
        self.users = locks.users(folder)
        self.keeper = locks.keeper(folder)
        self._threads = threading.Lock()
        self._taken = False
        self._spawned: subprocess.Popen[str] | None = None

    def server(self, configuration: Configuration, patience: float = FOREVER) -> Postmaster:
        """The running server. Starts it if needed, and waits while it recovers.

        Raises Unavailable when it does not start, or not within `patience` seconds.
        """
        began = time.monotonic()
        # Waiting for another thread that waits for the server counts as well.
        if not self._threads.acquire(timeout=patience):
            raise Unavailable(self._busy)
        try:
            return self.wait(configuration, began, patience)
        finally:
            self._threads.release()

    def wait(self, configuration: Configuration, began: float, patience: float) -> Postmaster:
        told = False
        while not (
            self._take(configuration) and self._is_kept(configuration) and (server := self._ready())
        ):
            waited = time.monotonic() - began
            if waited > patience:
                raise Unavailable(self._busy)
            if not told and waited > REPORT_AFTER:
                logger.warning(self._busy)
                told = True
            time.sleep(POLL_INTERVAL)
        return server

    @property
    def _busy(self) -> str:
        return f"PostgreSQL is still busy, perhaps recovering from a crash: see {self.cluster.log}."

    def release(self, timeout: float) -> None:
        """Release the hold, and wait `timeout` seconds for the server to stop.

        Raises TimeoutError when other processes still use it.
        """
        with self._threads:
            if not self._taken:
                return
            self.users.release_read_lock()
            self._taken = False
            deadline = time.monotonic() + timeout
            while self._has_keeper():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"PostgreSQL in {self.cluster.folder} is still in use.")
                time.sleep(POLL_INTERVAL)
            if self._spawned:
                self._spawned.communicate()

    def _take(self, configuration: Configuration) -> bool:
        """Take the hold, unless we have it. Returns whether we have it now.

        It cannot be taken while a keeper, after its last user has gone, is stopping the server.
        """
        if not self._taken:
            try:
                locks.prepare(self.cluster.folder)
                self._taken = self.users.acquire_read_lock(blocking=False)
            except (OSError, threading.ThreadError) as error:
                raise Unavailable(configuration.folder_unusable(error)) from None
        return self._taken

    def _is_kept(self, configuration: Configuration) -> bool:
        """Whether a keeper is running. Starts one if none is, and none is starting."""
        if self._has_keeper():
            return True
        if self._spawned is None or self._spawned.poll() is not None:
            self._raise_failure()
            self._spawned = keeper.spawn(self.cluster.folder, configuration)
        return False

    def _has_keeper(self) -> bool:
        free = self.keeper.acquire_read_lock(blocking=False)
        if free:
            self.keeper.release_read_lock()
        return not free

    def _raise_failure(self) -> None:
        """Raise Unavailable if the keeper that we started gave up.

        One that was killed, or that found another keeper, wrote nothing: that is no failure.
        """
        if self._spawned:
            _, written = self._spawned.communicate()
            self._spawned = None
            if written:
                raise Unavailable(written.strip().splitlines()[-1])

    def _ready(self) -> Postmaster | None:
        server = find(self.cluster.data)
        return server if server and server.ready else None
