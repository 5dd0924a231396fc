"""Instants as clients write them: read to the microsecond, answered in the same dialect, or
refused.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prices.formats.instants import Asked, iso, naive_iso, parse
from prices.minutes import EPOCH, minute_start

MICROSECOND = timedelta(microseconds=1)

instants = st.datetimes(timezones=st.just(UTC))
offsets = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda m: timezone(timedelta(minutes=m)))

NOW = datetime(2026, 11, 28, 3, 12, 28, tzinfo=UTC)
SINCE_2009 = (datetime(2009, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
TO_NEXT_YEAR = (NOW + timedelta(days=366) - EPOCH) // MICROSECOND

# The units of an integer, as microseconds in one.
units = st.sampled_from([1_000_000, 1_000, 1])


def read(text: str) -> Asked:
    """As on 2026-11-28."""
    return parse(text, clock=lambda: NOW)


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


@given(units, st.integers(SINCE_2009, TO_NEXT_YEAR))
def test_what_is_written_as_an_integer_is_read_again(unit, micros) -> None:
    number = micros // unit  # 2009 begins with a whole second
    asked = read(str(number))
    assert asked.instant == EPOCH + timedelta(microseconds=number * unit)
    assert (asked.unit, asked.naive) == (unit, False)


@given(st.integers(-(10**22), 10**22))
@example(20261128031228)
def test_an_integer_is_an_instant_of_the_trade_or_refused(number) -> None:
    try:
        asked = read(str(number))
    except ValueError:
        return
    assert datetime(2009, 1, 1, tzinfo=UTC) <= asked.instant <= NOW + timedelta(days=366)


@given(
    st.datetimes(datetime(2009, 1, 1), datetime(2033, 8, 1)),  # noqa: DTZ001 - without a zone
    st.sampled_from(["%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]),
)
def test_a_date_without_separators_is_never_an_epoch(moment, form) -> None:
    with pytest.raises(ValueError, match="A date needs separators: ") as refused:
        read(moment.strftime(form))
    spelled = str(refused.value).split(": ")[1].split(", not")[0]
    kept = datetime.strptime(moment.strftime(form), form)  # noqa: DTZ007 - without a zone
    assert datetime.fromisoformat(spelled) == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("20261128", "A date needs separators: 2026-11-28, not 20261128."),
        ("2026112803", "A date needs separators: 2026-11-28T03:00:00, not 2026112803."),
        ("20261128031228", "A date needs separators: 2026-11-28T03:12:28, not 20261128031228."),
        ("1764299548000000000", "1764299548000000 would be microseconds."),
        ("2026", "As an integer it must lie from 2009-01-01 to 2027-11-29"),
        ("261128", "As an integer it must lie from"),
        ("2611280312", "As an integer it must lie from"),
        ("261128031228", "As an integer it must lie from"),
        ("28112026", "As an integer it must lie from"),
        ("28112026031228", "As an integer it must lie from"),
        ("0", "As an integer it must lie from"),
        ("-1", "As an integer it must lie from"),
        ("-1751531436", "As an integer it must lie from"),
        ("4102444800", "As an integer it must lie from"),
        ("99999999999999999999", "Must be an ISO 8601 time"),
        ("1751531436.5", "Must be an ISO 8601 time"),
        ("2026-11-28+03:00", "Must be an ISO 8601 time"),
        ("2026-11-28-05:00", "Must be an ISO 8601 time"),
        ("2026-11-28x03:12", "Must be an ISO 8601 time"),
        ("2026-11-28T03.5", "Must be an ISO 8601 time"),
        ("2026-11-28T03:12.5", "Must be an ISO 8601 time"),
        ("2026-W48", "Must be an ISO 8601 time"),
        ("2026332", "As an integer it must lie from"),
    ],
)
def test_what_is_probably_meant_otherwise_is_refused(text, why) -> None:
    with pytest.raises(ValueError, match="Must be an ISO 8601 time") as refused:
        read(text)
    assert str(refused.value).count(why) == 1


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("20261128T031228", "2026-11-28T03:12:28"),
        ("20261128T031228Z", "2026-11-28T03:12:28Z"),
        ("20261128 0312", "2026-11-28T03:12"),
        ("2026-11-28 03:12", "2026-11-28T03:12"),
        ("2026-W48-6", "2026-11-28"),
        ("2026w486t03", "2026-11-28T03:00"),
        ("2026-11-28T03:12:28,5+0100", "2026-11-28T02:12:28.5Z"),
        ("2026-11-28T03:12 01", "2026-11-28T02:12Z"),
    ],
)
def test_every_clear_form_of_iso_8601_is_read(text, clear) -> None:
    asked, same = read(text), read(clear)
    assert (asked.instant, asked.naive) == (same.instant, same.naive)
    assert read(asked.minute).instant == minute_start(same.instant)


def test_a_clock_that_was_never_set_does_no_harm() -> None:
    assert parse("1764299548", clock=lambda: EPOCH).unit == 1_000_000


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
@example("0000-11-28T03:12:28")
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
