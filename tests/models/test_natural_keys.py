"""A tape from before natural keys: the migration keeps every row, and what was not known then stays
unknown.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from django.core.management import call_command
from django.db import connection

from prices.exchange.messages import AggTrade, micros
from prices.models import Candle, Price
from prices.recording.tape import Stored
from tests.support.audits import audit, told
from tests.support.local_exchange import BTC
from tests.support.tapes import (
    check,
    expected_ticks,
    instant,
    minutes,
    open_tape,
    recorded,
    stored_candles,
    stored_ticks,
)

pytestmark = pytest.mark.django_db(transaction=True)

PACKED = "0007_storage"

TICK = (
    "INSERT INTO prices_price (id, timestamp, trades, symbol_id, price, quantity) VALUES "
    "(%s::bigint << 44 | %s, %s, %s, %s, %s, %s)"
)
CANDLE = """
INSERT INTO prices_candle (id, minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
SELECT
    symbol_id::bigint << 44 | (extract(epoch FROM date_trunc('minute', timestamp))::bigint / 60), date_trunc('minute', timestamp),
    min(id & ((1::bigint << 44) - 1)), max((id & ((1::bigint << 44) - 1)) + trades - 1), sum(trades), symbol_id,
    (array_agg(price ORDER BY id))[1], max(price), min(price), (array_agg(price ORDER BY id DESC))[1], sum(quantity)
FROM prices_price GROUP BY symbol_id, date_trunc('minute', timestamp)
"""  # noqa: E501
OLD_COLUMNS = ("open", "high", "low", "close", "volume", "trades")


@pytest.fixture
def packed() -> Iterator[list[AggTrade]]:
    """A tape under packed keys, as it was recorded then: ticks that it does not know the
    side of.
    """
    call_command("migrate", "prices", PACKED, verbosity=0)
    ticks = recorded(BTC)[:3_000]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO prices_symbol (name) VALUES ('BTCUSDT') RETURNING id")
        ((number,),) = cursor.fetchall()
        cursor.executemany(
            TICK,
            [
                (
                    number,
                    tick.first,
                    instant(micros(tick.traded)),
                    tick.last - tick.first + 1,
                    number,
                    tick.price,
                    tick.quantity,
                )
                for tick in ticks
            ],
        )
        cursor.execute(CANDLE)
    yield ticks
    call_command("migrate", "prices", verbosity=0)


def without_sides(rows: list[tuple]) -> list[tuple]:
    return [row[:-1] for row in rows]


def test_every_row_is_kept_and_nothing_is_guessed(
    packed: list[AggTrade], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "prices.migrations"):
        call_command("migrate", "prices", verbosity=0)
    assert "Rebuilding the tables of 3,000 ticks" in caplog.text
    with open_tape() as tape:
        stored, expected = stored_ticks(), expected_ticks(tape, packed)
        assert without_sides(stored) == without_sides(expected)
        assert {row[-1] for row in stored} == {None}
        book = {key: asdict(minute) for key, minute in minutes(packed).items()}
        for key, candle in stored_candles().items():
            assert {name: candle[name] for name in OLD_COLUMNS} == {
                name: book[key][name] for name in OLD_COLUMNS
            }
            assert candle["quote_volume"] is candle["taker_buy_volume"] is None
        # What is not known is not wrong; from the ticks it can be filled in.
        found = audit(tape)
        assert found.is_complete
        assert found.unfilled == len(book) == Candle.objects.count()
        assert any("without all of their volumes" in line for line in told(found))
        assert audit(tape, refold=True).unfilled == 0
        assert all(
            candle["quote_volume"] == book[key]["quote_volume"]
            and candle["taker_buy_volume"] is None
            for key, candle in stored_candles().items()
        )
        # Whoever brings the same ticks once more tells their sides, and changes nothing else.
        assert tape.store(packed) == Stored(0, 0, 0)
        check(tape, packed)


def test_it_can_be_undone(packed: list[AggTrade]) -> None:
    def dump() -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM prices_price ORDER BY symbol_id, id")
            ticks = cursor.fetchall()
            cursor.execute("SELECT * FROM prices_candle ORDER BY id")
            return [*ticks, *cursor.fetchall()]

    before = dump()
    call_command("migrate", "prices", verbosity=0)
    assert Price.objects.count() == len(packed)
    call_command("migrate", "prices", PACKED, verbosity=0)
    assert dump() == before
