"""Ticks with ids that the exchange does not know, at either end of a tape: found, and taken off."""

import io
from collections.abc import Iterator

import pytest

from prices.exchange.messages import AggTrade
from prices.models import Gap, Price, Symbol
from replay.faults.fault import Fault
from tests.support.audits import verify
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.tapes import check, instant, open_tape, recorded, tick

pytestmark = pytest.mark.django_db(transaction=True)

TRADES = recorded(BTC)
FAR_ON = 3_700_000_000_000
ADVICE = "manage.py verify_prices --remove-strays BTCUSDT"


@pytest.fixture
def exchange(settings) -> Iterator[Running]:
    """An exchange where all that was recorded has happened."""
    with local_exchange(BTC, ETH) as running:
        running.exchange.clock.reached(10**16)
        running.exchange.faults.start()
        settings.BINANCE_REST_URL = running.rest_url
        yield running


def stray(first: int, beside: AggTrade) -> AggTrade:
    return AggTrade("BTCUSDT", first, first, "7", "1", beside.traded, beside.sent)


def put(*ticks: AggTrade) -> None:
    with open_tape() as tape:
        tape.store(list(ticks))


@pytest.mark.parametrize(("first", "beside"), [(FAR_ON, 199), (3, 0)], ids=["high", "low"])
def test_is_found_and_removed_with_the_gap_beside_it(exchange, first, beside) -> None:
    ticks = TRADES[:200]
    lost = stray(first, ticks[beside])
    put(*sorted([*ticks, lost], key=lambda found: found.first))
    assert Gap.objects.count() == 1
    code, said = verify()
    assert code == 1
    assert f"tick {first} of" in said
    assert "its id is far from those of the other ticks" in said
    assert ADVICE in said
    assert "the exchange does not know it" in verify("--exchange")[1]
    code, said = verify("--remove-strays")
    assert code == 0
    assert "1 stray tick removed" in said
    with open_tape() as tape:
        check(tape, ticks)
    assert verify("--exchange")[0] == 0


def test_is_found_where_it_is_the_only_tick(exchange) -> None:
    put(stray(FAR_ON, TRADES[0]))
    with open_tape() as tape:
        tape.heartbeat(["BTCUSDT"], instant(TRADES[0].traded * 1000))
    assert verify()[0] == 0
    code, said = verify("--exchange")
    assert code == 1
    assert "1 stray tick" in said
    assert ADVICE in said
    assert verify("--remove-strays")[0] == 0
    assert not Price.objects.exists()
    symbol = Symbol.objects.get()
    assert (symbol.heard_at, symbol.heard_through) == (None, None)


def test_ticks_that_the_exchange_knows_stay(exchange) -> None:
    """Recorded for a moment, and again some time later."""
    put(*TRADES[:3], *TRADES[3_000:3_100])
    assert "3 stray ticks" in verify()[1]
    code, said = verify("--remove-strays")
    assert code == 1
    assert "stray" not in said
    assert Price.objects.count() == 103


def test_without_an_answer_nothing_is_removed(exchange) -> None:
    exchange.exchange.faults.add(Fault(name="rest-down", seconds=600))
    put(stray(3, TRADES[0]), *TRADES[:100])
    said = io.StringIO()
    code, _ = verify("--remove-strays", stderr=said)
    assert (code, Price.objects.count()) == (1, 101)
    assert "BTCUSDT: the exchange could not be asked" in said.getvalue()


def test_a_jump_that_the_pace_explains_is_none() -> None:
    put(*(tick(n * 100, n, trades=100) for n in range(1, 60)), tick(9_000, 69))
    assert "stray" not in verify()[1]
