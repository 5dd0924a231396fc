"""An exchange that sends as fast as it is taken, over TLS too."""

import math
import os
import ssl
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from replay.clock import Clock, DrivenClock
from replay.exchange import Exchange, open_exchange
from replay.server import Address
from replay.server import run as run_exchange
from tests.support.secured import CERTIFICATE

# Microseconds before the present at which it begins, a year: at full speed the market passes
# thousands of times as fast as it was, and whoever connects to an exchange ahead of their own clock
# does not believe its first frames.
AGO = 365 * 86_400 * 1_000_000


class Source(NamedTuple):
    """An exchange, and the number of its process."""

    url: str
    pid: int


def exchange(ready: Connection, files: Sequence[Path], secured: bool) -> None:
    context = None
    if secured:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)

    def tell(address: Address) -> None:
        ready.send(Source(address.ws_url, os.getpid()))

    run_exchange(endless(files), "127.0.0.1", 0, tell, context)


def endless(files: Sequence[Path] = ()) -> Exchange:
    clock = DrivenClock(Clock().now() - AGO)
    return open_exchange(files, speed=math.inf, loop=True, clock=clock)


def trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)
