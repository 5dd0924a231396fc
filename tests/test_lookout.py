"""The lookout against the local exchange: what it asks of a silent symbol, and what it hands to the writer."""

from collections.abc import Iterator

import pytest

from prices.exchange.rest import Rest
from prices.models import Price
from prices.recording.line import connect
from prices.recording.lookout import ON_ITS_WAY, Looked, Lookout
from prices.recording.pace import SETTLING_IN, Pace
from prices.recording.steady import SteadyTape
from prices.recording.tape import Tape
from replay.faults.fault import Fault
from tests.exchange import BTC, ETH, Running, local_exchange
from tests.tapes import open_tape, recorded

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOLS = ("BTCUSDT", "ETHUSDT")


class Looking:
    """A lookout whose clock is in the test's hands. All that the files hold has happened."""

    def __init__(self, rest_url: str) -> None:
        self.now = 1000.0
        self.seen: list[Looked] = []
        self.pace = Pace(SYMBOLS, self.now)
        self.rest = Rest(rest_url)
        self.tape = SteadyTape(lambda: Tape(connect("tests")), SYMBOLS)
        self.lookout = Lookout(
            self.pace,
            self.rest,
            self.tape,
            breaks=lambda: 7,
            hand_over=self.seen.append,
            clock=lambda: self.now,
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
    looking.pace.ticked({"ETHUSDT": 1}, looking.now)
    yield looking
    looking.tape.close()
    looking.rest.close()


def put_on_tape(*ticks) -> None:
    with open_tape(*SYMBOLS) as tape:
        tape.store(list(ticks))


def test_there_is_nothing_to_look_at_while_symbols_tick(looking) -> None:
    looking.pace.ticked({"BTCUSDT": 1}, looking.now)
    assert looking.lookout.turn() is False
    assert looking.seen == []


def test_a_silent_symbol_is_handed_over_once_what_was_on_its_way_has_arrived(looking) -> None:
    last = recorded(BTC)[-1]
    put_on_tape(last)
    looking.now += SETTLING_IN + 1
    assert looking.lookout.turn() is True
    assert looking.seen == []
    looking.now += ON_ITS_WAY
    # Until the writer has seen it, nobody looks again.
    assert looking.lookout.turn() is False
    (looked,) = looking.seen
    assert (looked.symbol, looked.lately.last, looked.breaks) == ("BTCUSDT", last.last, 7)
    assert (looked.lately.traded, looked.taken) == (last.traded * 1000, looking.now - ON_ITS_WAY)
    assert looked.proven == -1


def test_news_are_confirmed_by_the_history(exchange, looking) -> None:
    """What the answer for the last trade says alone is not believed."""
    *_, before, last = recorded(BTC)
    put_on_tape(before)
    looking.now += SETTLING_IN + 1
    looking.lookout.turn()
    looking.now += ON_ITS_WAY
    looking.lookout.turn()
    (looked,) = looking.seen
    assert (looked.lately.last, looked.proven) == (last.last, last.last)


def test_the_tape_of_a_symbol_that_does_not_trade_begins_with_its_last_trade(looking) -> None:
    looking.now += SETTLING_IN + 1
    looking.lookout.turn()
    last = recorded(BTC)[-1]
    assert [(row.first_trade, row.last_trade) for row in Price.objects.all()] == [
        (last.first, last.last)
    ]


def test_when_rest_does_not_answer_it_is_left_be_for_a_while(exchange, looking, caplog) -> None:
    exchange.exchange.faults.add(Fault(name="rest-down", seconds=60))
    looking.now += SETTLING_IN + 1
    assert looking.lookout.turn() is True
    assert "BTCUSDT is silent, and REST cannot be asked why: The connection broke" in caplog.text
    assert looking.lookout.turn() is False
    looking.now += SETTLING_IN + 2
    assert looking.lookout.turn() is True


def test_a_symbol_that_is_not_traded_is_told_of_once(exchange, looking, caplog) -> None:
    put_on_tape(recorded(BTC)[-1])
    caplog.set_level("INFO")
    exchange.exchange.faults.add(Fault(name="status", seconds=600, options={"status": "BREAK"}))
    for pause in (61, 62):
        looking.now += pause
        looking.pace.ticked({"ETHUSDT": 1}, looking.now)
        assert looking.lookout.turn() is True
        looking.pace.looked("BTCUSDT", looking.now)
    assert caplog.text.count("BTCUSDT is silent: its status is BREAK.") == 1
    exchange.exchange.faults.clear()
    looking.now += 600
    looking.pace.ticked({"ETHUSDT": 1}, looking.now)
    looking.lookout.turn()
    assert caplog.text.count("BTCUSDT is silent: its status is TRADING.") == 1
