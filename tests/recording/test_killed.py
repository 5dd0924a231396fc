"""Recorder and PostgreSQL killed at random instants under load: after settling nothing is missing,
and nothing is there twice.
"""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from prices.exchange.messages import AggTrade, micros
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.private_postgres import Private, kill, wait_until
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.tapes import recorded

ROUNDS = 30

# Times as fast as it happened: the ten minutes of the recordings are some 460 ticks a second.
SPEED = 16

# Seconds between two kills.
PAUSES = (0.2, 1.3)

ROWS = """
SELECT json_agg(json_build_array(
    symbol, first_trade, trades, price::text, quantity::text, (extract(epoch FROM timestamp) * 1000000)::bigint
) ORDER BY symbol, first_trade)::text FROM prices
"""  # noqa: E501

COUNT = (
    "SELECT (SELECT count(*) FROM prices_price) + (SELECT count(*) FROM prices_gap WHERE "
    "status = 'open') * 1000000"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Of a private PostgreSQL of the test's own."""
    yield tmp_path
    Private(tmp_path / "postgres").clear()


class Recorders:
    """`stream_prices` over and over, in a home of its own."""

    def __init__(self, exchange: Running, home: Path) -> None:
        self.exchange = exchange
        self.home = home
        self.private = Private(home / "postgres", database="pricetracker")
        self.process: subprocess.Popen[str] | None = None

    def manage(self, *arguments: str) -> subprocess.Popen[str]:
        return manage(
            *arguments, exchange=self.exchange, DATABASE_URL="", PRICETRACKER_HOME=str(self.home)
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.manage(*arguments)
        output, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def start(self) -> None:
        self.process = self.manage("stream_prices")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)
        self.start()

    def kill_server(self) -> None:
        with suppress(psutil.NoSuchProcess):
            if server := self.private.server():
                kill(server)

    def end(self) -> str:
        self.process.terminate()
        output, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, output
        return output


def rows_of(ticks: list[AggTrade]) -> list[tuple]:
    return sorted(
        (
            t.symbol,
            t.first,
            t.last - t.first + 1,
            Decimal(t.price),
            Decimal(t.quantity),
            micros(t.traded),
        )
        for t in ticks
    )


def test_thirty_rounds(home: Path, draw: random.Random) -> None:
    ticks = [*recorded(BTC), *recorded(ETH)]
    with local_exchange(BTC, ETH, speed=SPEED) as exchange:
        recorders = Recorders(exchange, home)
        code, output = recorders.run("migrate", "--verbosity=0")
        assert code == 0, output
        asking = recorders.private.user()
        recorders.start()
        wait_until(lambda: asking.ask("SELECT count(*) FROM prices_candle").isdecimal())
        wait_until(
            lambda: int(asking.ask("SELECT count(DISTINCT symbol_id) FROM prices_price")) == 2
        )
        for _ in range(ROUNDS):
            time.sleep(draw.uniform(*PAUSES))
            draw.choice([recorders.kill, recorders.kill, recorders.kill_server])()
        eventually(lambda: asking.ask(COUNT) == str(len(ticks)))
        recorders.end()
        stored = json.loads(asking.ask(ROWS.replace("\n", " ")))
        asking.leave()
        code, output = recorders.run("verify_prices", "--exchange")
        violations = exchange.exchange.judge.violations()
    assert [(*row[:3], Decimal(row[3]), Decimal(row[4]), row[5]) for row in stored] == rows_of(
        ticks
    )
    assert code == 0, output
    assert violations == []
