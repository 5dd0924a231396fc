"""The schedule of faults, on a clock that the test sets."""

import threading
from itertools import count

import pytest

from replay.faults.fault import Fault
from replay.faults.schedule import FaultSchedule
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
def schedule(seconds: Seconds) -> FaultSchedule:
    return FaultSchedule(seconds)


def test_nothing_goes_wrong_before_the_first_client_comes(schedule, seconds):
    schedule.add(fault("mute"))
    schedule.add(fault("close"))
    assert (schedule.lasting("mute"), schedule.due({"close"})) == (None, [])
    schedule.start()
    assert schedule.lasting("mute")
    assert schedule.due({"close"})


def test_a_fault_lasts_for_its_seconds_from_the_first_client_on(schedule, seconds):
    schedule.add(fault("refuse", at=10, seconds=5))
    seconds.now = 2000
    schedule.start()
    found = []
    for seconds.now in (2009.9, 2010, 2014.9, 2015):
        schedule.start()  # later clients change nothing
        found.append(schedule.lasting("refuse") is not None)
    assert found == [False, True, True, False]


def test_a_fault_may_begin_now(schedule, seconds):
    schedule.start()
    seconds.now += 100
    schedule.add(fault("refuse", seconds=5), now=True)
    schedule.add(fault("mute", at=2, seconds=5), now=True)
    assert (bool(schedule.lasting("refuse")), bool(schedule.lasting("mute"))) == (True, False)
    seconds.now += 5
    assert (bool(schedule.lasting("refuse")), bool(schedule.lasting("mute"))) == (False, True)


def test_a_symbol_is_hit_by_its_own_faults_and_those_of_all(schedule):
    schedule.start()
    schedule.add(fault("skip", symbol="BTCUSDT"))
    assert schedule.lasting("skip", "BTCUSDT")
    assert not schedule.lasting("skip", "ETHUSDT")
    assert not schedule.lasting("skip")
    schedule.add(fault("skip"))
    assert schedule.lasting("skip", "ETHUSDT")


def test_a_count_is_used_up(schedule):
    schedule.start()
    schedule.add(fault("skip", count=2))
    assert [bool(schedule.use("skip")) for _ in range(3)] == [True, True, False]
    assert schedule.is_empty


def test_a_count_is_used_up_once_by_many_threads(schedule):
    schedule.start()
    schedule.add(fault("skip", count=1000))
    used: list[Fault | None] = []
    threads = [
        threading.Thread(target=lambda: used.extend(schedule.use("skip") for _ in range(400)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([fault for fault in used if fault]) == 1000


def test_what_is_due_is_handed_out_once(schedule, seconds):
    schedule.start()
    schedule.add(fault("close", at=1))
    schedule.add(fault("reset", at=2))
    schedule.add(fault("mute", at=2))
    names = {"close", "reset"}
    assert schedule.due(names) == []
    seconds.now += 2
    assert [fault.name for fault in schedule.due(names)] == ["close", "reset"]
    assert schedule.due(names) == []


def test_what_was_not_taken_in_its_seconds_is_over(schedule, seconds):
    schedule.start()
    schedule.add(fault("close", seconds=1))
    seconds.now += 1
    assert schedule.due({"close"}) == []


def test_what_is_called_off_stands_no_longer(schedule):
    schedule.start()
    schedule.add(fault("mute"))
    (mute,) = schedule.due({"mute"})
    assert schedule.stands(mute)
    schedule.clear()
    assert not schedule.stands(mute)
    assert not schedule.lasting("mute")


def test_a_fault_knows_how_much_of_it_is_over(schedule, seconds):
    schedule.start()
    seconds.now += 7
    schedule.add(fault("delay", seconds=10, by=3), now=True)
    delay = schedule.lasting("delay")
    assert schedule.progress(delay) == 0
    seconds.now += 4
    assert schedule.progress(delay) == pytest.approx(0.4)
    schedule.clear()
    assert schedule.progress(delay) == 1


def test_a_fault_is_played_when_it_hits_for_the_first_time(schedule, seconds):
    schedule.start()
    for name in ("skip", "skip", "refuse", "close", "mute"):
        schedule.add(fault(name, count=2))
    for _ in range(3):
        schedule.use("skip")
    schedule.lasting("refuse")
    schedule.lasting("refuse")
    (close,) = schedule.due({"close"})
    assert schedule.played() == {"refuse": 1, "skip": 2}
    schedule.has_hit(close, over=True)
    assert schedule.played() == {"close": 1, "refuse": 1, "skip": 2}
    assert not schedule.stands(close)


def test_a_storm_is_followed_for_ever_in_bounded_memory(schedule, seconds):
    schedule.follow(fault("refuse", at=at, seconds=0.5, status=451) for at in count(1))
    schedule.start()
    assert not schedule.lasting("refuse")
    seconds.now += 1
    assert schedule.lasting("refuse").at == 1
    seconds.now += 0.5
    assert not schedule.lasting("refuse")
    seconds.now += 100_000
    assert not schedule.lasting("refuse")
    assert len(schedule._points) == 1
    schedule.clear()
    seconds.now += 0.5
    assert not schedule.lasting("refuse")
