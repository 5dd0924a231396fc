"""Growing lag is reported; constant lag is not."""

import pytest

from prices.recording.lag_trend import GROWTH, SPAN, TIMES, LagTrend


def spans(*minutes: float) -> list[float | None]:
    """What is said at the end of each span in which the lag was at least so many seconds."""
    lag, said = LagTrend(0), []
    for n, least in enumerate([*minutes, 0.0]):
        said.append(lag.add(least, n * SPAN + 1))
        lag.add(least + 5, n * SPAN + 2)
    return said[1:]


@pytest.mark.parametrize(
    "minutes",
    [
        [0.1] * 10,
        [90_000_000.0] * 10,
        [0.1, 0.2, 0.3, 0.4, 0.5],
        [1, 2, 1, 2, 1, 2, 1, 2],
        [1, 9],
        [9, 5, 2, 1],
    ],
    ids=["steady", "a replay", "tiny", "up and down", "once", "catching up"],
)
def test_is_no_trend(minutes: list[float]) -> None:
    assert spans(*minutes) == [None] * len(minutes)


def test_growth_is_told_once_a_span_while_it_goes_on() -> None:
    assert spans(1, 2, 3, 4, 5, 6) == [None] * TIMES + [3, 4, 5]
    assert GROWTH < 3


def test_a_span_without_ticks_is_no_lag() -> None:
    lag = LagTrend(0)
    assert lag.add(5, 10 * SPAN) is None
