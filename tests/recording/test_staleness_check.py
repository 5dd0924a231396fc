"""The lookout against the local exchange: what it asks of a silent symbol, and what it hands to the
writer.
"""

import time
from collections.abc import Iterator

import pytest

from prices.exchange.rest import Rest
from prices.models import Price
from prices.recording.check_result import ON_ITS_WAY, CheckResult
from prices.recording.inter_arrival import (
    REFUSED_RETRY_WITHIN,
    RETRY_WITHIN,
    SETTLING_IN,
    SHORTEST,
)
from prices.recording.reconnecting import ReconnectingTape
from prices.recording.session import connect
from prices.recording.staleness import Staleness
from prices.recording.staleness_check import INTERVAL, StalenessCheck
from prices.recording.tape import Tape
from replay.faults.fault import Fault
from tests.support.local_exchange import BTC, ETH, Running, local_exchange
from tests.support.tapes import START, open_tape, recorded, tick

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOLS = ("BTCUSDT", "ETHUSDT")


class Looking:
    """A lookout whose clock is in the test's hands. All that the files hold has happened."""

    def __init__(self, rest_url: str) -> None:
        self.now = 1000.0
        self.wall_clock = time.time
        self.seen: list[CheckResult] = []
        self.staleness = Staleness(SYMBOLS, self.now)
        self.rest = Rest(rest_url)
        self.tape = ReconnectingTape(lambda: Tape(connect("tests")), SYMBOLS)
        self.staleness_check = StalenessCheck(
            self.staleness,
            self.rest,
            self.tape,
            breaks=lambda symbol: 7,
            hand_over=self.seen.append,
            clock=lambda: self.now,
            wall_clock=lambda: self.wall_clock(),
        )


@pytest.fixture
def exchange() -> Iterator[Running]:
    with local_exchange(BTC, ETH) as running:
        running.exchange.clock.reached(10**16)
        running.exchange.faults.start()
        yield running


@pytest.fixture
def looking(exchange: Running) -> Iterator[Looking]:
    looking = Looking(exchange.rest_url)
    looking.staleness.ticked({"ETHUSDT": 1}, looking.now)
    yield looking
    looking.tape.close()
    looking.rest.close()


def put_on_tape(*ticks) -> None:
    with open_tape(*SYMBOLS) as tape:
        tape.store(list(ticks))


def test_there_is_nothing_to_look_at_while_symbols_tick(looking) -> None:
    looking.staleness.ticked({"BTCUSDT": 1}, looking.now)
    assert looking.staleness_check.turn() is False
    assert looking.seen == []


def test_a_silent_symbol_is_handed_over_after_its_trades(looking) -> None:
    last = recorded(BTC)[-1]
    put_on_tape(last)
    looking.now += SETTLING_IN + 1
    assert looking.staleness_check.turn() is True
    assert looking.seen == []
    looking.now += ON_ITS_WAY
    # Until the writer has seen it, nobody looks again.
    assert looking.staleness_check.turn() is False
    (looked,) = looking.seen
    assert (looked.symbol, looked.last_trade.last, looked.breaks) == ("BTCUSDT", last.last, 7)
    assert (looked.last_trade.traded, looked.taken) == (
        last.traded * 1000,
        looking.now - ON_ITS_WAY,
    )
    assert looked.proven == -1


def test_news_are_confirmed_by_the_history(exchange, looking) -> None:
    """What the answer for the last trade says alone is not believed."""
    *_, before, last = recorded(BTC)
    put_on_tape(before)
    looking.now += SETTLING_IN + 1
    looking.staleness_check.turn()
    looking.now += ON_ITS_WAY
    looking.staleness_check.turn()
    (looked,) = looking.seen
    assert (looked.last_trade.last, looked.proven) == (last.last, last.last)


def test_a_tape_without_trading_begins_with_the_last_trade(looking) -> None:
    looking.now += SETTLING_IN + 1
    looking.staleness_check.turn()
    last = recorded(BTC)[-1]
    assert [(row.first_trade, row.last_trade) for row in Price.objects.all()] == [
        (last.first, last.last)
    ]


def test_news_of_another_exchange_are_none(looking) -> None:
    """Its ids are far from those on the tape, and it knows none of these."""
    put_on_tape(tick(1, 0))
    looking.now += SETTLING_IN + 1
    looking.staleness_check.turn()
    looking.now += ON_ITS_WAY
    looking.staleness_check.turn()
    assert [looked.proven for looked in looking.seen] == [-1]


def test_far_news_of_the_same_exchange_are_confirmed(looking) -> None:
    first, *_, last = recorded(BTC)
    put_on_tape(first)
    looking.now += SETTLING_IN + 1
    looking.staleness_check.turn()
    looking.now += ON_ITS_WAY
    looking.staleness_check.turn()
    assert [looked.proven for looked in looking.seen] == [last.last]


def test_no_tape_begins_with_a_trade_that_is_yet_to_come(looking, caplog) -> None:
    looking.wall_clock = lambda: START.timestamp() - 9e8
    looking.now += SETTLING_IN + 1
    looking.staleness_check.turn()
    assert Price.objects.count() == 0
    assert "BTCUSDT: trade" in caplog.text
    assert "is in the future" in caplog.text


def falls_silent(looking: Looking) -> None:
    """BTCUSDT ticked every second, and has stopped for so long that it is to be checked."""
    for _ in range(100):
        looking.now += 1
        looking.staleness.ticked({"BTCUSDT": 1, "ETHUSDT": 1}, looking.now)
    put_on_tape(recorded(BTC)[-1])
    looking.now += SHORTEST + 1
    looking.staleness.ticked({"ETHUSDT": 1}, looking.now)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(name="rest-down", seconds=600),
        Fault(name="rest-status", seconds=600, options={"status": "503"}),
        Fault(name="rest-status", seconds=600, options={"status": "403"}),
        Fault(name="rest-html", seconds=600),
        Fault(name="rest-truncate", seconds=600),
    ],
    ids=lambda fault: " ".join([fault.name, *fault.options.values()]),
)
def test_a_failed_check_restores_no_trust_and_is_repeated(exchange, looking, fault) -> None:
    exchange.exchange.faults.add(fault)
    falls_silent(looking)
    for _ in range(30):
        looking.staleness_check.turn()
        assert not looking.staleness.trusted("BTCUSDT", looking.now)
        looking.now += 2
        looking.staleness.ticked({"ETHUSDT": 1}, looking.now)
    assert looking.seen == []
    exchange.exchange.faults.clear()
    # REST is back: within seconds it is asked again.
    looking.now += RETRY_WITHIN
    assert looking.staleness_check.turn() is True
    looking.now += ON_ITS_WAY
    looking.staleness_check.turn()
    assert [looked.symbol for looked in looking.seen] == ["BTCUSDT"]


@pytest.fixture
def gone(looking) -> str:
    """A symbol that the exchange refuses to speak of (HTTP 400): it is no longer listed."""
    arrivals = looking.staleness.inter_arrivals
    arrivals["GONEUSDT"] = arrivals.pop("BTCUSDT")
    looking.staleness.connected(looking.now)
    return "GONEUSDT"


def test_a_refused_check_restores_nothing(looking, gone) -> None:
    for _ in range(4):
        looking.now += SETTLING_IN + 1
        looking.staleness.ticked({"ETHUSDT": 1}, looking.now)
        assert looking.staleness_check.turn() is True
        assert not looking.staleness.trusted(gone, looking.now)
        assert looking.staleness.trusted("ETHUSDT", looking.now)
        looking.now += REFUSED_RETRY_WITHIN


def test_a_refused_check_delays_no_other(looking, gone, caplog) -> None:
    put_on_tape(recorded(ETH)[-1])
    looking.now += SETTLING_IN + 1
    for _ in range(4):
        looking.staleness_check.turn()
        assert not looking.staleness.trusted(gone, looking.now)
        looking.now += INTERVAL
    assert f"{gone}: stale, and the REST check failed" in caplog.text
    assert "ETHUSDT" in {looked.symbol for looked in looking.seen}


def test_after_an_unforeseen_error_it_is_checked_again_soon(looking, monkeypatch) -> None:
    falls_silent(looking)

    def fail(use: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(looking.tape, "once", fail)
        with pytest.raises(ZeroDivisionError):
            looking.staleness_check.turn()
    assert not looking.staleness.trusted("BTCUSDT", looking.now)
    looking.now += RETRY_WITHIN
    assert looking.staleness_check.turn() is True


def test_many_checks_that_fail_are_one_line(exchange, looking, caplog) -> None:
    looking.staleness.connected(looking.now)
    exchange.exchange.faults.add(Fault(name="rest-down", seconds=600))
    for _ in range(20):
        looking.now += SETTLING_IN
        looking.staleness_check.turn()
    assert 0 < caplog.text.count("stale, and the REST check failed") <= 4
    told = caplog.messages[-1].split(":")[0]
    assert sorted(told.split(", ")) == ["BTCUSDT", "ETHUSDT"]


def test_a_symbol_that_is_not_traded_is_told_of_once(exchange, looking, caplog) -> None:
    put_on_tape(recorded(BTC)[-1])
    caplog.set_level("INFO")
    exchange.exchange.faults.add(Fault(name="status", seconds=600, options={"status": "BREAK"}))
    for pause in (61, 450):
        looking.now += pause
        looking.staleness.ticked({"ETHUSDT": 1}, looking.now)
        assert looking.staleness_check.turn() is True
        looking.staleness.looked("BTCUSDT", looking.now)
    assert caplog.text.count("BTCUSDT is stale: its status is BREAK.") == 1
    exchange.exchange.faults.clear()
    looking.now += 3000
    looking.staleness.ticked({"ETHUSDT": 1}, looking.now)
    looking.staleness_check.turn()
    assert caplog.text.count("BTCUSDT is stale: its status is TRADING.") == 1
