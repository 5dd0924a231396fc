"""This process's hold on a server, which runs while anybody has one; it goes with the process, however that ends."""

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

# Seconds between looks at a server that is starting or stopping.
BEAT = 0.02

# Seconds; for those who wait as long as a recovery takes.
FOREVER = threading.TIMEOUT_MAX

# Seconds, longer than any start but one that recovers, after which whoever waits is told what for.
SILENCE = 5


@cache
def on(folder: Path) -> "Hold":
    """The one hold of this process on the server in a folder: see `locks` for why there must not be two."""
    return Hold(folder)


if hasattr(os, "register_at_fork"):
    # A child does not inherit the lock: it has to take its own.
    os.register_at_fork(after_in_child=on.cache_clear)


class Hold:
    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder)
        self.users = locks.users(folder)
        self.keeper = locks.keeper(folder)
        self._threads = threading.Lock()
        self._taken = False
        self._spawned: subprocess.Popen[str] | None = None

    def server(self, configuration: Configuration, patience: float = FOREVER) -> Postmaster:
        """The running server: started first when it is not there, waited for when it recovers.

        Raises Unavailable, also when that takes longer than `patience`, in seconds.
        """
        began = time.monotonic()
        # Another thread's wait counts as one's own: whoever comes later does not wait longer for it.
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
            if not told and waited > SILENCE:
                logger.warning(self._busy)
                told = True
            time.sleep(BEAT)
        return server

    @property
    def _busy(self) -> str:
        return f"PostgreSQL is still busy, perhaps recovering from a crash: see {self.cluster.log}."

    def release(self, timeout: float) -> None:
        """Let go, and wait until the server, which nobody else should be using, has stopped."""
        with self._threads:
            if not self._taken:
                return
            self.users.release_read_lock()
            self._taken = False
            deadline = time.monotonic() + timeout
            while self._has_keeper():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"PostgreSQL in {self.cluster.folder} is still in use.")
                time.sleep(BEAT)
            if self._spawned:
                self._spawned.communicate()

    def _take(self, configuration: Configuration) -> bool:
        """Whether we have a hold. None is to be had while a keeper that saw the last user go stops the server."""
        if not self._taken:
            try:
                locks.prepare(self.cluster.folder)
                self._taken = self.users.acquire_read_lock(blocking=False)
            except (OSError, threading.ThreadError) as error:
                raise Unavailable(configuration.folder_unusable(error)) from None
        return self._taken

    def _is_kept(self, configuration: Configuration) -> bool:
        """Whether a keeper is at work. If none is, and none is on its way, one is sent for."""
        if self._has_keeper():
            return True
        if self._spawned is None or self._spawned.poll() is not None:
            self._hear_last_words()
            self._spawned = keeper.spawn(self.cluster.folder, configuration)
        return False

    def _has_keeper(self) -> bool:
        free = self.keeper.acquire_read_lock(blocking=False)
        if free:
            self.keeper.release_read_lock()
        return not free

    def _hear_last_words(self) -> None:
        """Pass on why the keeper we sent for gave up. One that was killed, or came second, says nothing."""
        if self._spawned:
            _, words = self._spawned.communicate()
            self._spawned = None
            if words:
                raise Unavailable(words.strip().splitlines()[-1])

    def _ready(self) -> Postmaster | None:
        server = find(self.cluster.data)
        return server if server and server.ready else None
