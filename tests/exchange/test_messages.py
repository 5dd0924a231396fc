"""Frames: what each says, to the digit; and whatever arrives, it is understood or it is a
BadFrame.
"""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.exchange.event_times import DELAYED, OPENED
from prices.exchange.messages import (
    FIRST_TIME,
    LAST_TIME,
    MAX_TRADE_ID,
    MAX_TRADES,
    AggTrade,
    BadFrame,
    Reply,
    Shutdown,
    all_micros,
    is_price,
    micros,
    parse,
    parse_ticks,
)
from prices.models import Candle
from tests.support.tapes import instant, open_tape

COMBINED = (
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1751531435987239,"s":"BTCUSDT",'
    b'"a":3517486123,"p":"61928.31000000","q":"0.00100000","f":5040123456,"l":5040123458,'
    b'"T":1751531435984239,"m":true,"M":true}}'
)
RAW = COMBINED.removeprefix(b'{"stream":"btcusdt@aggTrade","data":').removesuffix(b"}")
TICK = AggTrade(
    "BTCUSDT",
    5040123456,
    5040123458,
    "61928.31000000",
    "0.00100000",
    1751531435984239,
    1751531435987239,
    is_buyer_maker=True,
)

RECORDED = Path(__file__).parents[1] / "data" / "frames-2021-04-04.jsonl.gz"


def altered(**fields: Any) -> bytes:
    """The combined frame with other values in some of its fields."""
    event = json.loads(COMBINED)
    event["data"].update(fields)
    return json.dumps(event).encode()


class TestTicks:
    @pytest.mark.parametrize("frame", [COMBINED, RAW])
    def test_in_a_combined_and_in_a_raw_stream(self, frame) -> None:
        assert parse(frame) == TICK

    def test_the_digits_of_a_price_are_left_as_they_came(self) -> None:
        for digits in ("0.001", "61928.31", "61928.31000000", "100", "0.000000010000"):
            assert parse(altered(p=digits)).price == digits

    @pytest.mark.parametrize(
        ("time", "microseconds"),
        [
            (1751531435984, 1751531435984000),
            (1751531435984239, 1751531435984239),
            (OPENED // 1000, OPENED),  # July 2017, in milliseconds
            (10**14 - 1, (10**14 - 1) * 1000),
            (OPENED, OPENED),
        ],
    )
    def test_a_time_is_milliseconds_or_microseconds_by_its_size(self, time, microseconds) -> None:
        tick = parse(altered(T=time, E=time))
        assert (micros(tick.traded), micros(tick.sent)) == (microseconds, microseconds)

    @pytest.mark.parametrize("trade", [0, 1 << 31, 1 << 32, 5_040_123_456, MAX_TRADE_ID])
    def test_ids_of_any_size_that_a_key_can_hold(self, trade) -> None:
        tick = parse(altered(f=trade, l=trade))
        assert (tick.first, tick.last) == (trade, trade)

    def test_keys_that_are_not_known_are_passed_over(self) -> None:
        event = json.loads(COMBINED)
        event["data"] |= {"st": 1, "nested": {"e": ["aggTrade"]}}
        event["more"] = None
        assert parse(json.dumps(event).encode()) == TICK

    def test_the_order_of_keys_does_not_matter(self) -> None:
        event = json.loads(COMBINED)
        turned = {"data": dict(reversed(event["data"].items())), "stream": event["stream"]}
        assert parse(json.dumps(turned).encode()) == TICK

    @pytest.mark.parametrize("symbol", ["币安人生USDT", "1000SATSUSDT", "A-B_C.D"])
    @pytest.mark.parametrize("ascii", [True, False])
    def test_symbols_of_every_script_escaped_or_not(self, symbol, ascii) -> None:
        event = json.loads(COMBINED)
        event["data"]["s"] = symbol
        assert parse(json.dumps(event, ensure_ascii=ascii).encode()).symbol == symbol


class TestBadTicks:
    @pytest.mark.parametrize("field", ["p", "q"])
    @pytest.mark.parametrize(
        "digits",
        [
            "0",
            "0.00000000",
            "00.0",
            "-1",
            "-61928.31",
            "+1",
            "",
            " 1",
            "1 ",
            "1\n",
            ".5",
            "5.",
            "1.2.3",
            "1,000",
            "1e5",
            "1E-5",
            "1e999999999",
            "0x10",
            "1_000",
            "NaN",
            "Infinity",
            "-0",
            "\u0663",  # a three in Arabic
            "\uff11",  # a digit, but a wide one
            "0.000000001",
            "1.123456789",
            "99999999999999999999",
            61928.31,
            61928,
            None,
            True,
            ["1"],
        ],
    )
    def test_what_is_no_positive_decimal_of_eight_places(self, field, digits) -> None:
        with pytest.raises(BadFrame):
            parse(altered(**{field: digits}))

    def test_more_than_eighteen_digits_are_no_price(self) -> None:
        assert parse(altered(p="9999999999.99999999")).price == "9999999999.99999999"
        with pytest.raises(BadFrame):
            parse(altered(p="10000000000"))

    def test_the_tombstone_of_a_withdrawn_trade(self) -> None:
        with pytest.raises(BadFrame):
            parse(altered(p="0", q="0", f=-1, l=-1))

    def test_trades_that_end_before_they_begin(self) -> None:
        with pytest.raises(BadFrame, match="trades 8 to 7 are not a valid range for one aggTrade"):
            parse(altered(f=8, l=7))

    def test_more_trades_than_one_order_can_make(self) -> None:
        assert parse(altered(f=0, l=MAX_TRADES - 1)).last == MAX_TRADES - 1
        with pytest.raises(BadFrame):
            parse(altered(f=0, l=MAX_TRADES))

    @pytest.mark.parametrize("field", ["f", "l"])
    @pytest.mark.parametrize(
        "trade", [-1, MAX_TRADE_ID + 1, 1 << 44, 1 << 64, 10**30, 1.5, "5040123457", None, True]
    )
    def test_ids_that_are_none(self, field, trade) -> None:
        with pytest.raises(BadFrame):
            parse(altered(**{field: trade}))
        with pytest.raises(BadFrame):
            parse(altered(f=trade, l=trade))

    @pytest.mark.parametrize("field", ["T", "E"])
    @pytest.mark.parametrize(
        "time", [0, -1, 1751531435, 10**11 - 1, 10**17, 1.5e12, "1751531435984", None]
    )
    def test_times_that_are_none(self, field, time) -> None:
        with pytest.raises(BadFrame):
            parse(altered(**{field: time}))

    @pytest.mark.parametrize(
        ("traded", "why"),
        [
            (1751531435987239 + 86_400_000_000, "after its event time 2025-07-03T08:30:35.987239Z"),
            (95_000_000_000_000_000, "its trade time 4980-06-06T"),
            (1751531435987239 + 1000, "after its event"),
            (1751531435987239 - DELAYED - 1, "long before its event"),
            (315_532_800_000_000, "its time 1980-01-01T00:00:00Z is before Binance opened"),
            (OPENED - 1, "before Binance opened"),
            (1751531436988, "after its event"),  # in milliseconds
        ],
    )
    def test_times_that_no_trade_of_this_event_has(self, traded, why) -> None:
        with pytest.raises(BadFrame, match=why):
            parse(altered(T=traded))
        assert parse_ticks([COMBINED, altered(T=traded), COMBINED]) is None

    @pytest.mark.parametrize("traded", [0, 999, -DELAYED])
    def test_times_that_one_may_have(self, traded) -> None:
        frame = altered(T=1751531435987239 + traded)
        assert parse_ticks([COMBINED, frame]) == [TICK, parse(frame)]

    @pytest.mark.parametrize("field", list("esflpqTE"))
    def test_a_field_is_missing(self, field) -> None:
        event = json.loads(COMBINED)
        del event["data"][field]
        with pytest.raises(BadFrame):
            parse(json.dumps(event).encode())

    @pytest.mark.parametrize("kind", ["trade", "kline", "24hrTicker", "aggtrade", "", None, 1])
    def test_events_of_another_kind(self, kind) -> None:
        with pytest.raises(BadFrame):
            parse(altered(e=kind))

    @pytest.mark.parametrize("frame", [COMBINED, RAW])
    def test_cut_off_at_any_byte(self, frame) -> None:
        for length in range(len(frame)):
            with pytest.raises(BadFrame):
                parse(frame[:length])

    @pytest.mark.parametrize("frame", [COMBINED, RAW])
    def test_followed_by_anything(self, frame) -> None:
        with pytest.raises(BadFrame):
            parse(frame + frame)

    @pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00"])
    def test_symbols_that_are_no_text(self, bad) -> None:
        with pytest.raises(BadFrame):
            parse(COMBINED.replace(b"BTCUSDT", b"BTC" + bad))

    @pytest.mark.parametrize(
        "frame",
        [
            b"",
            b" ",
            b"null",
            b"1",
            b'"text"',
            b"[]",
            b"{}",
            b'[{"e":"24hrMiniTicker"}]',
            b'{"stream":"btcusdt@aggTrade"}',
            b'{"stream":"btcusdt@aggTrade","data":[]}',
            b"<html><body><h1>403 Forbidden</h1></body></html>",
            b'{"id":1}',
            b'{"u":400900217,"s":"BNBUSDT","b":"25.3","B":"31.2","a":"25.4","A":"40.6"}',
            b'{"a":' * 100_000,
            b'{"result":' + b"[" * 100_000,
        ],
    )
    def test_what_is_neither_an_event_nor_a_reply(self, frame) -> None:
        with pytest.raises(BadFrame):
            parse(frame)


class TestOthers:
    @pytest.mark.parametrize(
        ("frame", "reply"),
        [
            (b'{"result":null,"id":1}', Reply(1)),
            (b'{"result":["btcusdt@aggTrade"],"id":3}', Reply(3, ["btcusdt@aggTrade"])),
            (b'{"result":null,"id":null}', Reply(None)),
            (b'{"id":"a1","result":true}', Reply("a1", True)),
            (
                b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":2}',
                Reply(2, error={"code": 2, "msg": "Invalid request: invalid stream"}),
            ),
            (
                b'{"code":2,"msg":"Invalid request: too many parameters","id":7}',
                Reply(
                    7,
                    error={"code": 2, "msg": "Invalid request: too many parameters", "id": 7},
                ),
            ),
            # A code of zero is an error like any other.
            (
                b'{"code":0,"msg":"Unknown property"}',
                Reply(None, error={"code": 0, "msg": "Unknown property"}),
            ),
        ],
    )
    def test_replies(self, frame, reply) -> None:
        assert parse(frame) == reply

    @pytest.mark.parametrize(
        "frame",
        [
            b'{"e":"serverShutdown","E":1770123456789}',
            b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
        ],
    )
    def test_the_announcement_that_the_server_goes(self, frame) -> None:
        assert parse(frame) == Shutdown()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
keys = st.sampled_from(["stream", "data", "e", "s", "f", "l", "p", "q", "T", "E", "id", "result"])
events = st.sampled_from(["aggTrade", "serverShutdown"])
frame_like = st.dictionaries(keys | st.text(), json_values | events, max_size=9)


def understood(frame: bytes) -> AggTrade | Shutdown | Reply | None:
    try:
        return parse(frame)
    except BadFrame:
        return None


class TestAnything:
    @given(st.binary())
    def test_any_bytes(self, frame) -> None:
        understood(frame)

    @given(json_values | frame_like | st.builds(lambda inner: {"data": inner}, frame_like))
    @settings(max_examples=300)
    def test_any_json(self, value) -> None:
        found = understood(json.dumps(value).encode("utf-8", "surrogatepass"))
        assert found is None or isinstance(found, Reply | Shutdown)

    @given(st.sampled_from("efslpqTE"), json_values)
    @settings(max_examples=300)
    def test_a_tick_with_any_value_in_any_field(self, field, value) -> None:
        found = understood(altered(**{field: value}))
        if isinstance(found, AggTrade):
            check(found)

    @given(st.integers(0, len(COMBINED) - 1), st.integers(0, 255))
    @settings(max_examples=500)
    def test_a_tick_with_any_byte_changed(self, place, byte) -> None:
        found = understood(COMBINED[:place] + bytes([byte]) + COMBINED[place + 1 :])
        if isinstance(found, AggTrade):
            check(found)


micro_times = st.builds(
    lambda sent, delay, unit: (sent // unit, (sent - delay) // unit),
    st.sampled_from([OPENED, OPENED + 5_000_000, 1751531435987239, 10**17 - 1]),
    st.sampled_from([-(10**9), -1000, -999, 0, 3000, DELAYED, DELAYED + 1]),
    st.sampled_from([1, 1000]),
)

numbers = st.sampled_from(
    [
        "1",
        "61928.31000000",
        "0.1\n2",
        "1\n",
        "\n1",
        "0",
        "1.",
        "9" * 10,
        "9" * 11,
        "9" * 16,
        "9" * 17,
    ]
)
ids = st.sampled_from([0, 7, 8, 9, MAX_TRADES, MAX_TRADES + 7])
changed = st.builds(
    lambda **fields: altered(**fields), p=numbers, q=numbers, f=ids, l=ids
) | st.builds(lambda field, number: altered(**{field: number}), st.sampled_from("pq"), numbers)
good = st.builds(lambda trade: altered(f=trade, l=trade), st.integers(0, MAX_TRADE_ID))
others = st.sampled_from(
    [RAW, b"", b"{}", b'{"data":{"e":"serverShutdown"}}', b'{"result":null,"id":1}']
)


class TestManyAtOnce:
    def test_one_that_is_wrong_among_ten_thousand_is_seen_at_once(self) -> None:
        """Trailing zeros may be read in one way only: else this takes longer than anybody has."""
        for wrong in ("0.00000000", "61928.310000001", "10000000000.00000000", "1."):
            for place in ("p", "q"):
                frames = [COMBINED] * 10_000 + [altered(**{place: wrong})]
                if place == "q" and wrong.startswith("1000"):
                    assert parse_ticks(frames) is not None  # no price, but a quantity
                else:
                    assert parse_ticks(frames) is None

    @given(st.lists(good | good | good | changed | others, max_size=5))
    @settings(max_examples=500)
    def test_they_are_ticks_exactly_if_each_is_one(self, frames) -> None:
        each = [understood(frame) for frame in frames if frame != RAW]
        wrapped = len(each) == len(frames) > 0
        all_ticks = wrapped and all(isinstance(found, AggTrade) for found in each)
        assert parse_ticks(frames) == (each if all_ticks else None)

    @given(
        st.text("0123456789.", max_size=24) | st.from_regex(r"0{0,9}\.?[0-9]{1,12}", fullmatch=True)
    )
    @settings(max_examples=500)
    def test_a_price_is_what_the_pattern_says_in_words(self, digits) -> None:
        whole, _, decimals = digits.partition(".")
        is_number = whole.isdigit() and (decimals.isdigit() or "." not in digits)
        fits = is_number and len(whole) <= 10 and not decimals[8:].strip("0")
        assert bool(is_price(digits)) == (fits and Decimal(digits) > 0)

    @given(st.lists(st.integers(FIRST_TIME, LAST_TIME), max_size=4))
    def test_times_of_either_unit_as_each_of_them(self, times) -> None:
        assert all_micros(times) == [micros(time) for time in times]

    @given(st.lists(micro_times, min_size=1, max_size=4))
    @settings(max_examples=500)
    def test_they_are_in_time_only_if_each_is(self, times) -> None:
        frames = [altered(E=sent, T=traded) for sent, traded in times]
        each = [understood(frame) for frame in frames]
        found = parse_ticks(frames)
        if len({sent >= 10**14 for sent, _ in times}) == 1:
            assert found == (each if all(each) else None)
        else:
            assert found is None or found == each

    @given(good, changed, st.lists(good, max_size=3))
    @settings(max_examples=300)
    def test_one_that_is_wrong_among_others(self, before, frame, after) -> None:
        frames = [before, frame, *after]
        found = [understood(frame) for frame in frames]
        assert parse_ticks(frames) == (found if all(found) else None)


def check(tick: AggTrade) -> None:
    """Whatever else it says, the tape can rely on this."""
    assert 0 <= tick.first <= tick.last <= MAX_TRADE_ID
    assert 0 < Decimal(tick.price) < 10**10
    assert 0 < Decimal(tick.quantity) < 10**16
    for number in (tick.price, tick.quantity):
        assert Decimal(number) == Decimal(number).quantize(Decimal("0.00000001"))
    assert 10**14 <= micros(tick.traded) < 10**17


@pytest.fixture(scope="module")
def frames() -> list[str]:
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["raw"] for line in lines]


class TestRecorded:
    """Frames as the exchange sent them: ticks of three symbols, among them its own running
    candles.
    """

    def test_every_tick_is_what_json_says(self, frames) -> None:
        ticks = [json.loads(frame)["data"] for frame in frames if "@aggTrade" in frame]
        found = [parse(frame.encode()) for frame in frames if "@aggTrade" in frame]
        assert len(ticks) == 1910
        assert [
            (t.symbol, t.first, t.last, t.price, t.quantity, t.traded, t.sent) for t in found
        ] == [tuple(event[key] for key in "sflpqTE") for event in ticks]

    def test_every_candle_is_a_bad_frame(self, frames) -> None:
        candles = [frame for frame in frames if "@kline_1m" in frame]
        assert len(candles) == 118
        for frame in candles:
            with pytest.raises(BadFrame):
                parse(frame.encode())

    @pytest.mark.django_db(transaction=True)
    def test_the_candles_of_the_ticks_are_the_exchanges_own(self, frames) -> None:
        """Whenever the exchange sent one: of the ticks up to its last trade the tape makes the
        same.
        """
        candles = [json.loads(frame)["data"]["k"] for frame in frames if "@kline_1m" in frame]
        ticks = [parse(frame.encode()) for frame in frames if "@aggTrade" in frame]
        symbols = sorted({tick.symbol for tick in ticks})
        compared = 0
        with open_tape(*symbols) as tape:
            for theirs in sorted(candles, key=lambda candle: candle["L"]):
                mine = [tick for tick in ticks if tick.symbol == theirs["s"]]
                tape.store([tick for tick in mine if tick.last <= theirs["L"]])
                # The first minute was under way when the recording began, and an order may be told
                # of in parts.
                whole = mine[0].first <= theirs["f"]
                if whole and theirs["L"] in {tick.last for tick in mine}:
                    ours = Candle.objects.get(
                        symbol__name=theirs["s"], minute=instant(theirs["t"] * 1000)
                    )
                    assert (ours.first_trade, ours.last_trade) == (theirs["f"], theirs["L"])
                    assert (ours.open, ours.high, ours.low, ours.close, ours.volume) == tuple(
                        Decimal(theirs[key]) for key in "ohlcv"
                    )
                    assert ours.trades == theirs["n"]
                    compared += 1
        assert compared == 51
