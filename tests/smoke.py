"""`python -m tests.smoke`: the whole tracker once, on any system, against the local exchange.

Records both demo symbols, asks the three questions over HTTP, stops, and audits the tape. When
DATABASE_URL is set, it does so in a database of its own on that server, which it drops at the end:
the same run tries each version of PostgreSQL, and no tape that is there is touched. Ends with 1
and the output of the processes when anything is not as it should be.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql

PROJECT = Path(__file__).parent.parent
SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Seconds for the first price, and until the tape is known complete up to it.
ANSWER_TIMEOUT = 120

# Seconds that a process may take to end.
STOP_TIMEOUT = 60

EXCHANGE_READY = re.compile(r"BINANCE_WS_URL=(?P<ws>\S+) BINANCE_REST_URL=(?P<rest>\S+)")
SITE_READY = re.compile(r"The site is at (?P<url>http://\S+)/ ")


class SmokeError(Exception):
    """Something is not as it should be."""


def manage(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command for as long as the block lasts; it must end with 0 where SIGTERM can ask it to."""
    process = manage(environment, *arguments)
    try:
        yield process
        process.terminate()
        output, _ = process.communicate(timeout=STOP_TIMEOUT)
        # Windows has no SIGTERM: there the process is gone at once, and its children after it.
        if sys.platform != "win32" and process.returncode != 0:
            raise SmokeError(f"{arguments[0]} ended with {process.returncode}:\n{output}")
    finally:
        process.kill()
        process.wait()


def announced(process: subprocess.Popen[str], line: re.Pattern[str]) -> dict[str, str]:
    """What a process says when it is ready. Raises SmokeError if it ends first."""
    said = []
    for text in process.stdout or ():
        said.append(text)
        if found := line.search(text):
            return found.groupdict()
    raise SmokeError("".join(said))


def ask(url: str, **query: str) -> tuple[Any, str]:
    """The JSON of an answer, and its verdict."""
    with urlopen(f"{url}?{urlencode(query)}", timeout=STOP_TIMEOUT) as answer:
        return json.load(answer), answer.headers["X-Coverage"]


def eventually(attempt: Callable[[], Any]) -> Any:
    """What an attempt gives that succeeds. Raises the last one's SmokeError after a while."""
    deadline = time.monotonic() + ANSWER_TIMEOUT
    while True:
        try:
            return attempt()
        except SmokeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def newest_prices(url: str) -> list[dict[str, str]]:
    """The newest price of each symbol. Raises SmokeError when not every one has a price yet."""
    found, _ = ask(f"{url}/latest")
    if [each["symbol"] for each in found] != list(SYMBOLS):
        raise SmokeError(f"Not every symbol has a price: {found}")
    return found


def check(url: str, newest: dict[str, str]) -> None:
    """Ask for a price that is on the tape, and for its minute. Raises SmokeError."""
    query = {"symbol": newest["symbol"], "timestamp": newest["timestamp"]}
    then, verdict = ask(f"{url}/price-at-second", **query)
    minute, _ = ask(f"{url}/minmax", **query)
    if then["actual_timestamp"] != newest["timestamp"] or verdict != "complete":
        raise SmokeError(f"{newest} was answered with {verdict}: {then}")
    if not minute["low"] <= float(newest["price"]) <= minute["high"]:
        raise SmokeError(f"{newest} lies outside its minute: {minute}")


@contextmanager
def own_database() -> Iterator[dict[str, str]]:
    """The variable that leads to an empty database on the server of DATABASE_URL, if there is one.

    Raises psycopg.Error when none may be created on it.
    """
    server = os.environ.get("DATABASE_URL", "").strip()
    if not server:
        yield {}
        return
    name = f"pricetracker_smoke_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield {"DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl()}
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


def run(environment: dict[str, str]) -> None:
    base = {**environment, "TRACKED_SYMBOLS": ",".join(SYMBOLS)}
    with running(base, "replay_exchange", "--port", "0", "--loop") as exchange:
        at = announced(exchange, EXCHANGE_READY)
        binance = {**base, "BINANCE_WS_URL": at["ws"], "BINANCE_REST_URL": at["rest"]}
        with running(binance, "start", "--port", "0") as tracker:
            url = announced(tracker, SITE_READY)["url"]
            for newest in eventually(partial(newest_prices, url)):
                # Complete is said only once the exchange was heard for two more seconds.
                eventually(partial(check, url, newest))
    audit = manage(base, "verify_prices")
    output, _ = audit.communicate()
    print(output, end="")  # noqa: T201 - this is a command
    if audit.returncode != 0:
        raise SmokeError(f"verify_prices ended with {audit.returncode}.")


def main() -> None:
    # On Windows a server that was stopped hard may still hold its files for a moment.
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        own_database() as variable,
    ):
        try:
            run({**variable, "PRICETRACKER_HOME": home})
        except SmokeError as error:
            sys.exit(f"Smoke run failed: {error}")
    print("Smoke run passed.")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
