"""How many connections the site holds: in all, and to one client."""

import ipaddress
import os
import sys
from collections import Counter
from typing import Protocol

# In all: each takes some 30 KiB, and a file descriptor.
MOST = 4_096

# To one client, which is not a proxy: enough for an office behind one address.
MOST_PER_CLIENT = 256

# File descriptors that are for other things: database sessions, files, the event loop.
RESERVED = 64


def raise_file_limit() -> None:
    """Use as many file descriptors as this process may: some systems start with 256."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVED
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most() -> int:
    """How many connections the file descriptors of this process are enough for, MOST at most."""
    if sys.platform == "win32":
        return MOST
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(1, min(MOST, soft - RESERVED))


def stands_for_many(client: str) -> bool:
    """Whether limits per client do not apply: to this machine, and to trusted proxies.

    uvicorn takes the client of a trusted proxy from its X-Forwarded-For.
    """
    trusted = {each.strip() for each in os.environ.get("FORWARDED_ALLOW_IPS", "").split(",")}
    if "*" in trusted or client in trusted:
        return True
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        # A socket of this machine without an address.
        return True


class Held(Protocol):
    """A connection. `idle_since`: since when its client owes a request; None if it does not."""

    peer: str
    idle_since: float | None

    def drop(self) -> None: ...


class Connections:
    """All connections of the site: by default as many as there are file descriptors for.

    Belongs to the event loop.
    """

    def __init__(self, limit: int | None = None, per_client: int = MOST_PER_CLIENT) -> None:
        self._limit, self._per_client = limit, per_client
        self._all: set[Held] = set()
        self._by_client: Counter[str] = Counter()

    def admit(self, new: Held) -> bool:
        """Whether there is room for one more.

        When there is none, the connection goes whose client has owed a request for longest.
        """
        if self._by_client[new.peer] >= self._per_client and not stands_for_many(new.peer):
            return False
        if len(self._all) >= (most() if self._limit is None else self._limit):
            idle = [each for each in self._all if each.idle_since is not None]
            if not idle:
                return False
            longest = min(idle, key=lambda each: each.idle_since or 0)
            self.remove(longest)
            longest.drop()
        self._all.add(new)
        self._by_client[new.peer] += 1
        return True

    def remove(self, gone: Held) -> None:
        if gone in self._all:
            self._all.remove(gone)
            self._by_client[gone.peer] -= 1
            if not self._by_client[gone.peer]:
                del self._by_client[gone.peer]
