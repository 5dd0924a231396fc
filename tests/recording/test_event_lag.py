"""How late events come: measured against the promptest, whatever the clocks say."""

import pytest

from prices.recording.event_lag import LATE, SLOWER, EventLag

MICROSECONDS = 1_000_000
YEAR = 365 * 24 * 3600.0


def prompt(offset: float = 0.0, seconds: int = 60) -> EventLag:
    """A feed that is in time, by an exchange whose clock shows so much more than ours."""
    lag = EventLag()
    for now in range(seconds):
        lag.add(at(now + offset), now)
    return lag


def at(seconds: float) -> int:
    return int((seconds + 50 * YEAR) * MICROSECONDS)


def late(lag: EventLag, sent: float, taken: float) -> bool:
    return bool(lag.late({"BTCUSDT": at(sent)}, taken))


@pytest.mark.parametrize("offset", [0.0, -5 * YEAR, 5 * YEAR, -3600.0])
def test_only_growth_counts(offset: float) -> None:
    lag = prompt(offset)
    assert not late(lag, 60 + offset, 60)
    assert not late(lag, 60 + offset, 60 + LATE)
    assert late(lag, 60 + offset, 61 + LATE)


def test_an_event_time_that_stands_still_is_late() -> None:
    lag = prompt()
    for now in range(60, 90):
        lag.add(at(59), now)
    assert late(lag, 59, 90)


def test_one_event_from_the_future_makes_none_late() -> None:
    lag = prompt()
    lag.add(at(300), 60)
    lag.add(at(61), 61)
    assert not late(lag, 61, 61)


def test_it_does_not_get_used_to_being_late() -> None:
    lag = prompt()
    for now in range(60, 100_000, 10):
        lag.add(at(now - 60), now)
    assert late(lag, 100_000 - 60, 100_000)


def test_another_connection_is_measured_anew() -> None:
    lag = prompt()
    lag.forget()
    assert not late(lag, 0, 100)


def test_one_that_took_over_is_measured_against_the_last() -> None:
    lag = prompt()
    lag.handed_over()
    for now in range(60, 90):
        lag.add(at(now - 30), now)
    assert late(lag, 60, 90)
    assert not late(lag, 90 - LATE - SLOWER, 90)


def test_rest_shows_that_a_feed_was_late_from_its_beginning() -> None:
    lag = prompt(-60.0)
    assert not late(lag, 0, 60)
    lag.told(at(60), 60)
    assert late(lag, 0, 60)


def test_rest_of_another_time_shows_nothing() -> None:
    """The stream is a recording of last year, REST is today's."""
    lag = prompt(-YEAR)
    lag.told(at(60), 60)
    assert not late(lag, 60 - YEAR, 60)
