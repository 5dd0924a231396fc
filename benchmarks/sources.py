"""An exchange that sends as fast as it is taken, over TLS too."""

import math
import os
import ssl
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from replay.exchange import open_exchange
from replay.server import Address
from replay.server import run as run_exchange
from tests.support.secured import CERTIFICATE


class Source(NamedTuple):
    """An exchange, and the number of its process."""

    url: str
    pid: int


def exchange(ready: Connection, files: Sequence[Path], secured: bool) -> None:
    context = None
    if secured:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    endless = open_exchange(files, speed=math.inf, loop=True)

    def tell(address: Address) -> None:
        ready.send(Source(address.ws_url, os.getpid()))

    run_exchange(endless, "127.0.0.1", 0, tell, context)


def trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)
