"""Tapes that older commits recorded: `migrate` makes them today's, and loses no row."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from prices.models import Candle, Gap, Symbol
from tests import make_tape
from tests.support.audits import verify
from tests.support.dumps import FOLDER, Dump, Tick, restored
from tests.support.tapes import open_gaps, open_tape

pytestmark = pytest.mark.django_db(transaction=True)

DUMPS = sorted(path.name.removesuffix(".sql.gz") for path in FOLDER.glob("*.sql.gz"))

# How a column of a dump is read. The others are text, whole numbers and instants.
DECIMALS = {"open", "high", "low", "close", "volume"}
NUMBERS = {"first_trade", "last_trade", "trades", "ticks", "attempts", "kept_from"}
NUMBERS |= {"found_first", "found_last"}
INSTANTS = {"minute", "starts", "ends", "opened_at", "closed_at", "found_starts", "found_ends"}
INSTANTS |= {"heard_through", "heard_at", "pruned_through"}

# What no upgrade changes, whatever becomes of the keys.
CANDLE = ["minute", "open", "high", "low", "close", "volume", "trades"]
GAP = ["first_trade", "last_trade", "starts", "ends", "status", "opened_at", "closed_at"]
GAP += ["attempts", "found_ends", "found_first", "found_last", "found_starts", "last_error"]
GAP += ["source", "ticks"]
SYMBOL = ["heard_through", "heard_at", "kept_from"]

# What the script plants: 30 ticks that never came, and the part of a gap that was not filled.
OPEN_GAPS = [(3735684534, 3735684570), (3735684873, 3735684934)]

MISSING = re.compile(r"trades (\d+) to (\d+) missing")


def read(column: str, text: str | None) -> Any:
    if text is None or not column:
        return text
    if column in DECIMALS:
        return Decimal(text)
    if column in NUMBERS:
        return int(text)
    return datetime.fromisoformat(text) if column in INSTANTS else text


def dumped(dump: Dump, table: str, columns: list[str], symbol: str) -> list[tuple]:
    return sorted(
        (dump.names[row[symbol]], *(read(name, row[name]) for name in columns))
        for row in dump.tables[table]
    )


def shown() -> list[Tick]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, first_trade, trades, price, quantity, timestamp FROM prices"
            " ORDER BY symbol, first_trade"
        )
        return [Tick(*row) for row in cursor.fetchall()]


@pytest.fixture(scope="module", params=DUMPS)
def dump(request) -> Dump:
    return Dump(request.param)


@pytest.fixture
def upgraded(dump: Dump) -> Iterator[Dump]:
    with restored(dump, "pricetracker_upgraded"):
        call_command("migrate", verbosity=0)
        yield dump


def test_an_upgrade_keeps_every_row(upgraded: Dump) -> None:
    assert len(upgraded.ticks()) > 2_000
    assert shown() == upgraded.ticks()
    for model, table, columns in (
        (Candle, "prices_candle", CANDLE),
        (Gap, "prices_gap", GAP),
    ):
        found = model.objects.values_list("symbol__name", *columns)
        assert sorted(found) == dumped(upgraded, table, columns, "symbol_id")
    symbols = Symbol.objects.values_list("name", *SYMBOL)
    assert sorted(symbols) == dumped(upgraded, "prices_symbol", SYMBOL, "id")


def test_an_upgraded_tape_lacks_what_was_planted(upgraded: Dump) -> None:
    assert_only_planted_gaps()


def test_a_tape_of_today_lacks_what_was_planted() -> None:
    """The script that makes the dumps keeps up with the code."""
    with open_tape() as tape:
        make_tape.record(tape)
    assert_only_planted_gaps()


def assert_only_planted_gaps() -> None:
    """The audit names the planted gaps, and nothing once today's code has filled them."""
    ended, said = verify()
    assert ended == 1, said
    found = [tuple(map(int, ids)) for ids in MISSING.findall(said)]
    assert found == OPEN_GAPS
    with open_tape() as tape:
        tape.fill("BTCUSDT", make_tape.recorded("BTCUSDT"))
    ended, said = verify()
    assert ended == 0, said
    assert open_gaps() == []


def test_an_upgraded_tape_answers(upgraded: Dump) -> None:
    client = Client()
    when = {"symbol": "TRXUSDT", "timestamp": "2025-03-04T00:04"}
    for path, query in (
        ("/latest", {}),
        ("/price-at-second", when),
        ("/minmax", when),
        ("/api/symbols/", {}),
        ("/api/prices/", {"symbol": "BTCUSDT"}),
        ("/api/candles/", {"symbol": "TRXUSDT", "interval": "1m"}),
        ("/api/gaps/", {}),
        ("/", {}),
        ("/metrics", {}),
    ):
        answer = client.get(path, query)
        assert answer.status_code == 200, (path, answer.content)
    latest = {row["symbol"]: row["price"] for row in client.get("/latest").json()}
    newest = {tick.symbol: tick for tick in upgraded.ticks()}
    assert {name: Decimal(price) for name, price in latest.items()} == {
        name: tick.price for name, tick in newest.items()
    }
