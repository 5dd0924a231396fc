"""Which streams are asked for: in the URL as far as it carries them, and the rest in messages."""

import json
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.subscription import NAMES_A_MESSAGE, URL_CEILING, aggregate_trades

BASE = "wss://data-stream.binance.vision"


def test_a_few_symbols_are_in_the_url() -> None:
    asked = aggregate_trades(BASE, ["BTCUSDT", "ETHUSDT"])
    assert asked.url == (
        "wss://data-stream.binance.vision/stream?timeUnit=MICROSECOND"
        "&streams=btcusdt@aggTrade/ethusdt@aggTrade"
    )
    assert asked.messages == ()


def test_letters_of_other_scripts_are_percent_encoded() -> None:
    asked = aggregate_trades(BASE, ["币安人生USDT", "A-B_C.D"])
    assert asked.url.endswith(
        "&streams=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9Fusdt@aggTrade/a-b_c.d@aggTrade"
    )


def test_what_the_url_does_not_carry_is_subscribed_to_in_chunks() -> None:
    symbols = [f"SYMBOL{number:04}USDT" for number in range(1024)]
    asked = aggregate_trades(BASE, symbols)
    messages = [json.loads(message) for message in asked.messages]
    assert [message["id"] for message in messages] == list(range(1, len(messages) + 1))
    assert {message["method"] for message in messages} == {"SUBSCRIBE"}
    sizes = [len(message["params"]) for message in messages]
    assert set(sizes[:-1]) == {NAMES_A_MESSAGE}
    assert sizes[-1] <= NAMES_A_MESSAGE
    assert messages[-1]["params"][-1] == "symbol1023usdt@aggTrade"


def test_no_more_symbols_than_one_connection_carries() -> None:
    with pytest.raises(
        ValueError, match=r"1025 symbols are too many: a connection carries up to 1024\."
    ):
        aggregate_trades(BASE, [f"S{number}" for number in range(1025)])


def test_too_many_symbols_are_told_how_many_recorders_to_use() -> None:
    with pytest.raises(ValueError, match=r"Run `stream_prices` 2 times"):
        aggregate_trades(BASE, [f"S{number}" for number in range(1100)])


def test_a_reply_leads_to_the_symbols_of_its_message() -> None:
    symbols = [f"SYMBOL{number:04}USDT" for number in range(1024)]
    asked = aggregate_trades(BASE, symbols)
    assert len(asked.messages) > 1
    for message in map(json.loads, asked.messages):
        names = [f"{symbol.lower()}@aggTrade" for symbol in asked.symbols_of(message["id"])]
        assert names == message["params"]
    for id in (0, -1, 99, "1", None, [1], 1.5):
        assert asked.symbols_of(id) == ()


@given(
    st.lists(st.text(st.sampled_from("ABCXYZ0189-_.币安"), min_size=1, max_size=50), max_size=400)
)
def test_each_symbol_is_requested_once_and_in_order(symbols) -> None:
    asked = aggregate_trades(BASE, symbols)
    assert len(asked.url) <= URL_CEILING
    assert asked.url.isascii()
    in_url = unquote(asked.url.partition("&streams=")[2])
    names = in_url.split("/") if in_url else []
    if asked.messages:
        (left_out, *_) = json.loads(asked.messages[0])["params"]
        assert len(asked.url) + len("/") + len(quote(left_out, safe="@")) >= URL_CEILING
    for message in asked.messages:
        names += json.loads(message)["params"]
    assert names == [f"{symbol.lower()}@aggTrade" for symbol in symbols]
