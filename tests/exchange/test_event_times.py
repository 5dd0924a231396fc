"""Times that a trade can have: among those of its neighbours, and no others."""

from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.event_times import OPENED, SECOND, STEP_BACK, out_of_line

NOW = 1_751_531_436_000_000
YEAR = 31_536_000 * SECOND


def line(count: int) -> list[int]:
    return [NOW + n * SECOND for n in range(count)]


def test_time_may_stand_still_step_back_or_pause() -> None:
    times = [NOW, NOW, NOW + 9 * SECOND, NOW + 8 * SECOND, NOW + 7 * SECOND, NOW + YEAR]
    assert out_of_line(times) == []


def test_one_far_ahead_or_behind_is_found_anywhere() -> None:
    # Of two at an end that contradict each other it cannot be told which one is wrong.
    for place in range(2, 6):
        for astray in (-YEAR, -3 * SECOND, 20 * SECOND, YEAR, 2954 * YEAR):
            times = line(8)
            times[place] += astray
            assert out_of_line(times) == [place]


def test_the_ticks_on_either_side_bear_witness() -> None:
    assert out_of_line([NOW - 2 * SECOND, NOW, NOW + 9 * SECOND], NOW, NOW + SECOND) == [0, 2]
    assert out_of_line([NOW - STEP_BACK], NOW, None) == []
    assert out_of_line([NOW - STEP_BACK - 1], NOW, None) == [0]
    assert out_of_line([NOW + STEP_BACK + 1], None, NOW) == [0]
    assert out_of_line([OPENED - 1]) == [0]


times = st.lists(st.integers(0, 40).map(lambda tenths: NOW + tenths * SECOND // 4), max_size=12)


@given(times)
def test_what_is_left_joins_and_a_true_order_is_left_alone(given_times) -> None:
    lost = out_of_line(given_times)
    kept = [time for n, time in enumerate(given_times) if n not in lost]
    assert len(kept) >= len(given_times) / 2 or len(lost) < len(given_times)
    assert out_of_line(sorted(given_times)) == []


@given(st.lists(st.integers(0, 3 * SECOND), min_size=5, max_size=30), st.data())
def test_a_few_wrong_among_many_are_exactly_those_found(pauses, data) -> None:
    right, now = [], NOW
    for pause in pauses:
        now += pause
        right.append(now)
    inner = st.sets(st.integers(1, len(right) - 2), max_size=(len(right) - 1) // 4)
    wrong = data.draw(inner)
    far = st.sampled_from([-YEAR, 2 * YEAR, -200 * SECOND, 200 * SECOND])
    told = [time + data.draw(far) if n in wrong else time for n, time in enumerate(right)]
    assert set(out_of_line(told, right[0], right[-1])) == wrong
