"""How long a start takes: from `manage.py start --demo` until `/latest` tells a price, in a new
home and in one that is there.

Always on the private PostgreSQL, which is made and started meanwhile. The baseline is `manage.py
check`: one process that loads the project, of which a start has four.
"""

import http.client
import os
import subprocess
import sys
import time
from contextlib import closing
from http import HTTPStatus
from urllib.parse import urlsplit

from .figures import Table, spread
from .ground import home

# Seconds between two questions.
BEAT = 0.01

# Seconds that a start may take.
PATIENCE = 120


def run(rounds: int) -> Table:
    return spread("seconds that a start takes", [measure() for _ in range(rounds)])


def measure() -> dict[str, float]:
    with home() as folder:
        environment = os.environ | {"PRICETRACKER_HOME": folder, "PYTHONUNBUFFERED": "1"}
        new, again = start(environment), start(environment)
        checked = check(environment)
    return {
        "new home, until a price is told": new,
        "home that is there, until a price is told": again,
        "manage.py check": checked,
        "new home, by manage.py check": new / checked,
        "home that is there, by manage.py check": again / checked,
    }


def check(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def start(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "manage.py", "start", "--demo", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as running:
        try:
            if running.stdout is None:
                raise TypeError("It was started with a pipe.")
            # The site is at http://… - Ctrl-C stops it.
            url = next(word for word in running.stdout.readline().split() if "://" in word)
            while not tells_a_price(urlsplit(url).netloc):
                if time.perf_counter() - began > PATIENCE:
                    raise RuntimeError(f"{url} tells no price.")
                time.sleep(BEAT)
            return time.perf_counter() - began
        finally:
            running.terminate()


def tells_a_price(host: str) -> bool:
    """Not as long as nobody serves, or nothing is recorded."""
    with closing(http.client.HTTPConnection(host)) as connection:
        try:
            connection.request("GET", "/latest?symbol=BTCUSDT")
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
