"""Waits before trying again: they double up to a minute, and no two recorders wait alike."""

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.backoff import CEILING, WORKED, Backoff, backoff

# Of the exchange: attempts to connect from one address, and seconds.
ATTEMPTS, PERIOD = 300, 300


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


def attempts(lines: list[float | None], draw=lambda: 0.0) -> list[float]:
    """When a recorder connects, over connections that last so long (None: it is refused)."""
    waits, now, made = Backoff(draw), 0.0, []
    for line in lines:
        made.append(now)
        if line is not None:
            now += line
            waits.lasted(line)
        now += waits.next()
    return made


def test_a_line_that_flaps_is_up_nearly_all_the_time() -> None:
    # First it was refused for a while, then each connection works for 28 seconds.
    made = attempts([None] * 9 + [28.0] * 20, draw=lambda: 1.0)
    working = made[9:]
    assert [round(later - at) for at, later in pairwise(working)] == [29] * 19


@pytest.mark.parametrize(("line", "up"), [(1, 0.05), (5, 0.3), (9, 0.4), (10, 0.9), (60, 0.98)])
def test_the_longer_it_works_the_more_it_is_up(line, up) -> None:
    made = attempts([None] * 9 + [line] * 50, draw=lambda: 1.0)[9:]
    assert line * (len(made) - 1) / (made[-1] - made[0]) >= up


def test_who_is_dropped_at_once_waits_ever_longer() -> None:
    made = attempts([0.0] * 20, draw=lambda: 1.0)
    assert made[-1] - made[-2] == CEILING


@given(st.lists(st.none() | st.floats(0, 90) | st.sampled_from([0.0, 1.0, WORKED]), max_size=400))
def test_four_recorders_may_share_an_address(lines) -> None:
    made = attempts(lines)
    for at in made:
        assert sum(at <= other < at + PERIOD for other in made) <= ATTEMPTS / 4


def test_the_worst_line_keeps_to_the_limit() -> None:
    for refused in range(8):
        for line in (0.0, 1.0, WORKED):
            made = attempts(([line] + [None] * refused) * 60)
            for at in made:
                assert sum(at <= other < at + PERIOD for other in made) <= ATTEMPTS / 4
