"""The agenda of faults, on a clock that the test sets."""

import threading
from itertools import count

import pytest

from replay.faults.fault import Fault
from replay.faults.schedule import Agenda
from tests.support.stepped import fault


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def agenda(seconds: Seconds) -> Agenda:
    return Agenda(seconds)


def test_nothing_goes_wrong_before_the_first_client_comes(agenda, seconds):
    agenda.add(fault("mute"))
    agenda.add(fault("close"))
    assert (agenda.lasting("mute"), agenda.due({"close"})) == (None, [])
    agenda.start()
    assert agenda.lasting("mute")
    assert agenda.due({"close"})


def test_a_fault_lasts_for_its_seconds_from_the_first_client_on(agenda, seconds):
    agenda.add(fault("refuse", at=10, seconds=5))
    seconds.now = 2000
    agenda.start()
    found = []
    for seconds.now in (2009.9, 2010, 2014.9, 2015):
        agenda.start()  # later clients change nothing
        found.append(agenda.lasting("refuse") is not None)
    assert found == [False, True, True, False]


def test_a_fault_may_begin_now(agenda, seconds):
    agenda.start()
    seconds.now += 100
    agenda.add(fault("refuse", seconds=5), now=True)
    agenda.add(fault("mute", at=2, seconds=5), now=True)
    assert (bool(agenda.lasting("refuse")), bool(agenda.lasting("mute"))) == (True, False)
    seconds.now += 5
    assert (bool(agenda.lasting("refuse")), bool(agenda.lasting("mute"))) == (False, True)


def test_a_symbol_is_hit_by_its_own_faults_and_those_of_all(agenda):
    agenda.start()
    agenda.add(fault("skip", symbol="BTCUSDT"))
    assert agenda.lasting("skip", "BTCUSDT")
    assert not agenda.lasting("skip", "ETHUSDT")
    assert not agenda.lasting("skip")
    agenda.add(fault("skip"))
    assert agenda.lasting("skip", "ETHUSDT")


def test_a_count_is_used_up(agenda):
    agenda.start()
    agenda.add(fault("skip", count=2))
    assert [bool(agenda.use("skip")) for _ in range(3)] == [True, True, False]
    assert agenda.is_empty


def test_a_count_is_used_up_once_by_many_threads(agenda):
    agenda.start()
    agenda.add(fault("skip", count=1000))
    used: list[Fault | None] = []
    threads = [
        threading.Thread(target=lambda: used.extend(agenda.use("skip") for _ in range(400)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([fault for fault in used if fault]) == 1000


def test_what_is_due_is_handed_out_once(agenda, seconds):
    agenda.start()
    agenda.add(fault("close", at=1))
    agenda.add(fault("reset", at=2))
    agenda.add(fault("mute", at=2))
    names = {"close", "reset"}
    assert agenda.due(names) == []
    seconds.now += 2
    assert [fault.name for fault in agenda.due(names)] == ["close", "reset"]
    assert agenda.due(names) == []


def test_what_was_not_taken_in_its_seconds_is_over(agenda, seconds):
    agenda.start()
    agenda.add(fault("close", seconds=1))
    seconds.now += 1
    assert agenda.due({"close"}) == []


def test_what_is_called_off_stands_no_longer(agenda):
    agenda.start()
    agenda.add(fault("mute"))
    (mute,) = agenda.due({"mute"})
    assert agenda.stands(mute)
    agenda.clear()
    assert not agenda.stands(mute)
    assert not agenda.lasting("mute")


def test_a_fault_knows_how_much_of_it_is_over(agenda, seconds):
    agenda.start()
    seconds.now += 7
    agenda.add(fault("delay", seconds=10, by=3), now=True)
    delay = agenda.lasting("delay")
    assert agenda.progress(delay) == 0
    seconds.now += 4
    assert agenda.progress(delay) == pytest.approx(0.4)
    agenda.clear()
    assert agenda.progress(delay) == 1


def test_a_fault_is_played_when_it_hits_for_the_first_time(agenda, seconds):
    agenda.start()
    for name in ("skip", "skip", "refuse", "close", "mute"):
        agenda.add(fault(name, count=2))
    for _ in range(3):
        agenda.use("skip")
    agenda.lasting("refuse")
    agenda.lasting("refuse")
    (close,) = agenda.due({"close"})
    assert agenda.played() == {"refuse": 1, "skip": 2}
    agenda.has_hit(close, over=True)
    assert agenda.played() == {"close": 1, "refuse": 1, "skip": 2}
    assert not agenda.stands(close)


def test_a_storm_is_followed_for_ever_in_bounded_memory(agenda, seconds):
    agenda.follow(fault("refuse", at=at, seconds=0.5, status=451) for at in count(1))
    agenda.start()
    assert not agenda.lasting("refuse")
    seconds.now += 1
    assert agenda.lasting("refuse").at == 1
    seconds.now += 0.5
    assert not agenda.lasting("refuse")
    seconds.now += 100_000
    assert not agenda.lasting("refuse")
    assert len(agenda._points) == 1
    agenda.clear()
    seconds.now += 0.5
    assert not agenda.lasting("refuse")
