"""Waits before trying again: they double up to a minute, and no two recorders wait alike."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.backoff import OUTAGE_CEILING, Backoff, backoff


def test_without_luck_they_double_up_to_a_minute() -> None:
    assert list(islice(backoff(lambda: 1.0), 9)) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_with_luck_they_are_half_of_that() -> None:
    assert list(islice(backoff(lambda: 0.0), 9)) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=50))
def test_whatever_the_luck_a_wait_is_within_its_bounds(luck) -> None:
    draws = iter(luck)
    for nth, wait in enumerate(islice(backoff(lambda: next(draws)), len(luck))):
        ceiling = min(2**nth, 60)
        assert ceiling / 2 <= wait <= ceiling


def test_a_new_one_begins_afresh() -> None:
    waits = backoff(lambda: 1.0)
    assert list(islice(waits, 3)) == [1, 2, 4]
    assert next(backoff(lambda: 1.0)) == 1


def test_two_recorders_do_not_wait_alike() -> None:
    assert list(islice(backoff(), 9)) != list(islice(backoff(), 9))


def test_an_attempt_that_took_long_has_waited_already() -> None:
    waits = Backoff(lambda: 1.0, ceiling=OUTAGE_CEILING)
    assert [waits.next(took) for took in (0, 0, 10, 3, 0)] == [1, 2, 1, 1, 4]
