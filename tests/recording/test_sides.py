"""Who took liquidity: filled in where it was not known, by whoever brings the tick once more;
nothing else ever changes.
"""

from dataclasses import asdict

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.exchange.messages import AggTrade
from prices.models import Price
from prices.recording.tape import Stored
from tests.support.tapes import check, clear, minutes, open_tape, stored_candles, tick

pytestmark = pytest.mark.django_db(transaction=True)

TOLD = [tick(n, n * 20, str(100 + n), side=n % 2 == 0, quantity=f"0.{n}") for n in range(1, 8)]


def mute(ticks: list[AggTrade]) -> list[AggTrade]:
    """The same without their sides."""
    return [
        AggTrade(t.symbol, t.first, t.last, t.price, t.quantity, t.traded, t.sent) for t in ticks
    ]


def sides() -> dict[int, bool | None]:
    return dict(Price.objects.values_list("first_trade", "is_buyer_maker"))


@pytest.mark.parametrize("way", ["store", "fill"])
def test_a_known_tick_is_told_its_side(way: str) -> None:
    with open_tape() as tape:
        tape.store(mute(TOLD))
        assert set(sides().values()) == {None}
        stored = tape.store(TOLD) if way == "store" else tape.fill("BTCUSDT", TOLD)
        assert stored == Stored(0, 0, 0)
        check(tape, TOLD)


def test_a_candle_knows_its_taker_when_all_its_ticks_are_told() -> None:
    with open_tape() as tape:
        tape.store(mute(TOLD))
        # The first minute has the first two ticks.
        tape.store(TOLD[:1])
        assert {candle["taker_buy_volume"] for candle in stored_candles().values()} == {None}
        tape.store(TOLD[1:2])
        (_, first), *others = sorted(stored_candles().items())
        assert first == asdict(next(iter(minutes(TOLD).values())))
        assert {candle["taker_buy_volume"] for _, candle in others} == {None}


def test_a_known_side_never_changes() -> None:
    with open_tape() as tape:
        tape.store(TOLD)
        assert tape.store(mute(TOLD)) == Stored(0, 0, 0)
        other = tick(2, 40, "102", side=False, quantity="0.2")
        assert tape.store([other]).contradiction == "BTCUSDT 2 at 102"
        check(tape, TOLD)


def test_another_trade_tells_no_side() -> None:
    with open_tape() as tape:
        tape.store(mute(TOLD))
        other = tick(2, 40, "9", side=False, quantity="0.2")
        assert tape.store([other]).contradiction == "BTCUSDT 2 at 9"
        assert tape.fill("BTCUSDT", [other]).ticks == 0
        check(tape, mute(TOLD))


@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1), min_size=1, max_size=6
    )
)
@settings(max_examples=60)
def test_told_in_any_order_it_is_the_model(transactional_db, batches) -> None:
    """Each tick comes with its side or without, any number of times, in one batch or in several."""
    muted = mute(TOLD)
    received: dict[int, AggTrade] = {}
    with open_tape() as tape:
        clear(tape)
        for batch in batches:
            tape.store([TOLD[n] if with_side else muted[n] for n, with_side in batch])
            for n, with_side in batch:
                if with_side or n not in received:
                    received[n] = TOLD[n] if with_side else muted[n]
            check(tape, list(received.values()))


def test_the_api_and_sql_tell_sides_and_taker_volumes(client: Client) -> None:
    with open_tape() as tape:
        tape.store([*TOLD[:2], *mute(TOLD[2:3])])
    rows = client.get("/api/prices/", {"symbol": "BTCUSDT"}).json()["results"]
    assert [row["is_buyer_maker"] for row in rows] == [None, True, False]
    with connection.cursor() as cursor:
        cursor.execute("SELECT first_trade, is_buyer_maker FROM prices ORDER BY id")
        assert cursor.fetchall() == [(1, False), (2, True), (3, None)]
    newest, oldest = client.get("/api/candles/", {"symbol": "BTCUSDT"}).json()["results"]
    taker = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    assert [oldest[name] for name in taker] == ["30.5", "0.1", "10.1"]
    assert [newest[name] for name in taker] == ["30.9", None, None]
