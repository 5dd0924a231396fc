"""Instants as clients write them: read to the microsecond, answered in the same dialect, or refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prices.instants import Asked, iso, naive_iso, parse
from prices.keys import EPOCH, minute_start

MICROSECOND = timedelta(microseconds=1)

instants = st.datetimes(timezones=st.just(UTC))
offsets = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda m: timezone(timedelta(minutes=m)))

# The numbers that are read in each unit, as microseconds in one of it: what has fewer digits is in a larger unit.
units = st.sampled_from(
    [(1_000_000, -62_135_596_800, 10**11 - 1), (1_000, 10**11, 10**14 - 1), (1, 10**14, 10**17)]
)


@given(instants)
def test_what_is_written_in_utc_is_read_again(instant) -> None:
    assert parse(iso(instant)) == Asked(iso(instant), instant)
    assert parse(naive_iso(instant)) == Asked(naive_iso(instant), instant, naive=True)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets))  # noqa: DTZ001 - hypothesis adds the zone
def test_what_is_written_with_an_offset_is_read_again(moment) -> None:
    asked = parse(moment.isoformat())
    assert (asked.instant, asked.naive) == (moment, False)
    # The + of an offset that was not written as %2B arrives as a blank.
    assert parse(moment.isoformat().replace("+", " ")).instant == moment


@given(units, st.data())
def test_what_is_written_as_an_integer_is_read_again(unit, data) -> None:
    microseconds, least, most = unit
    number = data.draw(st.integers(least, most))
    asked = parse(str(number))
    assert asked.instant == EPOCH + timedelta(microseconds=number * microseconds)
    assert (asked.unit, asked.naive) == (microseconds, False)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets))  # noqa: DTZ001 - hypothesis adds the zone
def test_the_minute_in_the_clients_dialect_is_the_minute(moment) -> None:
    for text in (moment.isoformat(), iso(moment), naive_iso(moment)):
        asked = parse(text)
        again = parse(asked.minute)
        assert again.instant == minute_start(moment)
        assert again.naive == asked.naive


@given(
    st.text()
    | st.from_regex(r"[+-]?\d{1,20}")
    | st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d(:\d\d)?|Z)\Z")
)
@example("0001-01-01T00:00:10-00:00:30")
@example("0001-01-01T00:00:00+00:01")
@example("9999-12-31T23:59:59.999999")
@example("9999-12-31T23:59:59-00:01")
@example("9" * 5000)
@example("-99999999999999999")
@example("2025-07-03T08:30:36.984239123Z")
def test_whatever_is_written_it_is_an_instant_or_a_value_error(text) -> None:
    try:
        asked = parse(text)
    except ValueError:
        return
    assert asked.minute
    assert asked.answer(asked.instant)


@pytest.mark.parametrize(
    ("text", "answer", "minute"),
    [
        ("2025-07-03T08:30:36", "2025-07-03T08:30:35.984239", "2025-07-03T08:30"),
        ("2025-07-03 08:30:36", "2025-07-03T08:30:35.984239", "2025-07-03T08:30"),
        ("2025-07-03", "2025-07-03T08:30:35.984239", "2025-07-03T00:00"),
        ("2025-07-03T08:30:36Z", "2025-07-03T08:30:35.984239Z", "2025-07-03T08:30Z"),
        ("2025-07-03t08:30:36z", "2025-07-03T08:30:35.984239Z", "2025-07-03T08:30Z"),
        ("9999-12-31T23:59:59", "2025-07-03T08:30:35.984239", "9999-12-31T23:59"),
        ("2025-07-03T14:15:36+05:45", "2025-07-03T08:30:35.984239Z", "2025-07-03T14:15+05:45"),
        ("2025-07-03T14:15:36 05:45", "2025-07-03T08:30:35.984239Z", "2025-07-03T14:15+05:45"),
        ("1751531436", "2025-07-03T08:30:35.984239Z", "1751531400"),
        ("1751531436999", "2025-07-03T08:30:35.984239Z", "1751531400000"),
        ("1751531436999999", "2025-07-03T08:30:35.984239Z", "1751531400000000"),
        ("-1", "2025-07-03T08:30:35.984239Z", "-60"),
    ],
)
def test_the_answer_speaks_the_dialect_of_the_question(text, answer, minute) -> None:
    asked = parse(text)
    assert asked.answer(datetime(2025, 7, 3, 8, 30, 35, 984239, tzinfo=UTC)) == answer
    assert asked.minute == minute
    assert asked.answer(None) is None


def test_no_fraction_when_it_is_zero_else_six_digits() -> None:
    assert iso(datetime(2025, 7, 3, 8, 30, tzinfo=UTC)) == "2025-07-03T08:30:00Z"
    assert iso(datetime(2025, 7, 3, 8, 30, 0, 10, tzinfo=UTC)) == "2025-07-03T08:30:00.000010Z"


def test_digits_beyond_the_microsecond_are_cut_off_not_rounded() -> None:
    assert parse("2025-07-03T08:30:36.984239999Z").instant.microsecond == 984239


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "now",
        "12:30",
        "2025-02-30",
        "2025-07-03T25:00",
        "1e9",
        "1.5",
        "0x10",
        "\u0663",
        "1_000",
    ],
)
def test_what_is_no_instant(text) -> None:
    with pytest.raises(ValueError, match="Must be an ISO 8601 time"):
        parse(text)
