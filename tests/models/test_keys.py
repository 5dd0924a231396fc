"""Keys: one bigint for a symbol and a trade, or a symbol and a minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.messages import MAX_TRADE_ID
from prices.keys import MAX_KEY, MINUTE, key, minute_number, minute_start, symbol_of, trade_of

symbols = st.integers(1, 32_767)  # a smallint
trades = st.integers(0, MAX_TRADE_ID)
instants = st.datetimes(timezones=st.just(UTC))


@given(symbols, trades)
def test_symbol_and_trade_are_found_in_a_key_and_every_key_fits_a_bigint(symbol, trade) -> None:
    assert symbol_of(key(symbol, trade)) == symbol
    assert trade_of(key(symbol, trade)) == trade
    assert 0 < key(symbol, trade) <= MAX_KEY


@given(symbols, trades, symbols, trades)
def test_keys_are_in_order_of_symbol_and_then_of_trade(symbol, trade, other, another) -> None:
    assert (key(symbol, trade) < key(other, another)) == ((symbol, trade) < (other, another))


@given(instants)
def test_a_minute_holds_its_instants_and_begins_on_the_full_minute(instant) -> None:
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
