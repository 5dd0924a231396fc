"""Minutes of UTC: half-open, and numbered from 1970."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prices.minutes import MINUTE, minute_number, minute_start

instants = st.datetimes(timezones=st.just(UTC))


@given(instants)
def test_a_minute_holds_its_instants(instant) -> None:
    start = minute_start(instant)
    assert (
        start <= instant < start + MINUTE
        if start < datetime.max.replace(tzinfo=UTC) - MINUTE
        else True
    )
    assert (start.second, start.microsecond) == (0, 0)


def test_minutes_are_numbered_from_1970_and_half_open() -> None:
    assert minute_number(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert minute_number(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    end = datetime(2025, 7, 3, 8, 31, tzinfo=UTC)
    assert minute_number(end) - minute_number(end - timedelta(microseconds=1)) == 1
