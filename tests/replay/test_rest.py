"""REST answers by the exchange's rules, checked against a plain list of the recorded rows."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.archive import read
from replay.ledger import Ledger
from replay.limits import Limits
from replay.rest import Rest
from tests.support.local_exchange import BTC, ETH, TRX, agg_trades

ROWS = {"BTCUSDT": agg_trades(BTC), "ETHUSDT": agg_trades(ETH), "TRXUSDT": agg_trades(TRX)}
REST = Rest(Ledger(read([BTC, ETH, TRX])), Limits())
END = ROWS["TRXUSDT"][-1]["T"]  # the last tick of all
PUBLISHED = json.loads(
    (Path(__file__).parents[1] / "data" / "published-klines.json").read_text(encoding="utf-8")
)
MINUTE = 60_000_000  # µs


def ask(path, now=END, unit="MICROSECOND", **params):
    pairs = [(name, str(value)) for name, value in params.items()]
    status, body = REST.answer(path, pairs, unit, now)
    assert status == 200, body
    return body


def refused(path, now=END, unit=None, **params):
    pairs = [(name, str(value)) for name, value in params.items()]
    status, body = REST.answer(path, pairs, unit, now)
    assert status == 400, body
    return body["code"], body["msg"]


# --- aggTrades -----------------------------------------------------------------------------------


def model(rows, now, limit=500, from_id=None, start=None, end=None):
    """The rules of selection, as one would write them for a list."""
    rows = [row for row in rows if row["T"] <= now]
    if from_id is not None:
        return [row for row in rows if row["a"] >= from_id][:limit]
    chosen = [
        row
        for row in rows
        if (start is None or row["T"] >= start) and (end is None or row["T"] <= end)
    ]
    return chosen[-limit:] if start is None else chosen[:limit]


@st.composite
def instants(draw, rows):
    near = draw(st.sampled_from(rows))["T"]
    return near + draw(st.sampled_from([-1, 0, 1, -1000, 1000, -10_000_000, 10_000_000]))


BTC_ROWS = ROWS["BTCUSDT"]


@given(
    now=instants(BTC_ROWS),
    start=st.none() | instants(BTC_ROWS),
    end=st.none() | instants(BTC_ROWS),
    limit=st.integers(1, 1000),
)
def test_ticks_are_chosen_by_time_as_from_a_list(now, start, end, limit):
    params = {"symbol": "BTCUSDT", "startTime": start, "endTime": end, "limit": limit}
    params = {name: value for name, value in params.items() if value is not None}
    expected = model(BTC_ROWS, now, limit, start=start, end=end)
    assert ask("aggTrades", now, **params) == expected


@given(
    now=instants(BTC_ROWS), back=st.integers(-10, len(BTC_ROWS) + 10), limit=st.integers(1, 1000)
)
def test_ticks_are_chosen_by_id_as_from_a_list(now, back, limit):
    from_id = BTC_ROWS[-1]["a"] - back
    expected = model(BTC_ROWS, now, limit, from_id=from_id)
    assert ask("aggTrades", now, symbol="BTCUSDT", fromId=from_id, limit=limit) == expected


def test_500_ticks_by_default_and_never_over_1000():
    assert ask("aggTrades", symbol="BTCUSDT") == BTC_ROWS[-500:]
    assert ask("aggTrades", symbol="BTCUSDT", limit=5000) == BTC_ROWS[-1000:]


def test_nothing_is_past_the_end():
    assert ask("aggTrades", symbol="BTCUSDT", fromId=BTC_ROWS[-1]["a"] + 1) == []
    assert ask("aggTrades", symbol="BTCUSDT", startTime=BTC_ROWS[-1]["T"] + 1) == []


def test_times_are_ms_unless_the_header_says_otherwise():
    row = ROWS["TRXUSDT"][0]
    (tick,) = ask("aggTrades", unit=None, symbol="TRXUSDT", fromId=row["a"], limit=1)
    assert tick == {**row, "T": row["T"] // 1000}


@pytest.mark.parametrize("unit", ["MICROSECOND", "microsecond"])
def test_a_millisecond_bound_includes_its_millisecond(unit):
    rows = ROWS["TRXUSDT"]
    millisecond = rows[50]["T"] // 1000
    within = [row for row in rows if row["T"] // 1000 == millisecond]
    bounds = {"startTime": millisecond, "endTime": millisecond}
    assert ask("aggTrades", unit=unit, symbol="TRXUSDT", **bounds) == within


def test_bounds_out_of_range_are_pulled_into_it():
    assert ask("aggTrades", symbol="BTCUSDT", startTime=0, limit=1) == BTC_ROWS[:1]
    assert ask("aggTrades", symbol="BTCUSDT", endTime=10**17, limit=1) == BTC_ROWS[-1:]


# --- klines --------------------------------------------------------------------------------------


def candle(rows, opens, length):
    """One row of klines, as one would compute it with decimals."""
    rows = [row for row in rows if opens <= row["T"] < opens + length]
    prices = [Decimal(row["p"]) for row in rows]
    taken = [row for row in rows if not row["m"]]
    return [
        opens,
        f"{prices[0]:.8f}",
        f"{max(prices):.8f}",
        f"{min(prices):.8f}",
        f"{prices[-1]:.8f}",
        f"{sum(Decimal(row['q']) for row in rows):.8f}",
        opens + length - 1,
        total(rows),
        sum(row["l"] - row["f"] + 1 for row in rows),
        f"{sum((Decimal(row['q']) for row in taken), Decimal(0)):.8f}",
        total(taken),
        "0",
    ]


def total(rows):
    paid = sum((Decimal(row["p"]) * Decimal(row["q"]) for row in rows), Decimal(0))
    return f"{paid.quantize(Decimal('1e-8'), 'ROUND_DOWN'):.8f}"


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
@pytest.mark.parametrize(("interval", "length"), [("1m", MINUTE), ("5m", 5 * MINUTE)])
def test_candles_are_those_of_plain_arithmetic(symbol, interval, length):
    rows = ROWS[symbol]
    first = rows[0]["T"] // length * length
    last = rows[-1]["T"] // length * length
    expected = [candle(rows, opens, length) for opens in range(first, last + 1, length)]
    now = rows[-1]["T"]
    assert ask("klines", now, symbol=symbol, interval=interval) == expected


@pytest.mark.parametrize(
    ("symbol", "interval", "length", "windows"),
    [
        ("BTCUSDT", "1m", 60_000, 10),
        ("ETHUSDT", "1m", 60_000, 10),
        ("TRXUSDT", "5m", 300_000, 8),
    ],
)
def test_candles_are_those_that_the_exchange_published(symbol, interval, length, windows):
    rows = ROWS[symbol]
    begin, end = rows[0]["T"] // 1000, rows[-1]["T"] // 1000
    known = [
        candle
        for candle in PUBLISHED[interval][symbol]
        # The windows that the recording covers from end to end.
        if begin <= candle[0] and candle[0] + length <= end
    ]
    assert len(known) == windows
    for opens, *numbers in known:
        (row,) = ask(
            "klines", unit=None, symbol=symbol, interval=interval, startTime=opens, limit=1
        )
        assert row[0] == opens
        assert row[6] == opens + length - 1
        assert [Decimal(text) for text in row[1:6]] == [Decimal(str(n)) for n in numbers]


def test_the_present_minute_is_the_last_candle():
    now = BTC_ROWS[5000]["T"]
    so_far = [row for row in BTC_ROWS if row["T"] <= now]
    expected = candle(so_far, now // MINUTE * MINUTE, MINUTE)
    assert ask("klines", now, symbol="BTCUSDT", interval="1m", limit=1) == [expected]


def test_a_quiet_minute_has_a_candle_without_volume():
    close = BTC_ROWS[-1]["p"]
    opens = (BTC_ROWS[-1]["T"] // MINUTE + 2) * MINUTE
    nothing = "0.00000000"
    expected = [opens, close, close, close, close, nothing, opens + MINUTE - 1, nothing, 0]
    (row,) = ask("klines", symbol="BTCUSDT", interval="1m", startTime=opens, limit=1)
    assert row == [*expected, nothing, nothing, "0"]


def test_candles_are_chosen_by_when_they_open():
    minutes = [row[0] for row in ask("klines", BTC_ROWS[-1]["T"], symbol="BTCUSDT", interval="1m")]
    start, end = minutes[2], minutes[5]

    def chosen(**params):
        rows = ask("klines", BTC_ROWS[-1]["T"], symbol="BTCUSDT", interval="1m", **params)
        return [row[0] for row in rows]

    assert chosen(startTime=start, limit=2) == minutes[2:4]
    assert chosen(startTime=start + 1, limit=1) == minutes[3:4]
    assert chosen(endTime=end, limit=2) == minutes[4:6]
    assert chosen(endTime=end - 1, limit=1) == minutes[4:5]
    assert chosen(startTime=start, endTime=end) == minutes[2:6]
    assert chosen(startTime=end, endTime=start) == []
    assert chosen(limit=3) == minutes[-3:]


def test_there_is_no_candle_before_the_first_tick():
    before = BTC_ROWS[0]["T"] - 1
    assert ask("klines", before, symbol="BTCUSDT", interval="1m") == []


def test_a_looped_ledger_has_the_same_candles_each_cycle():
    cycle = 11 * MINUTE
    looped = Rest(Ledger(read([BTC]), loop=True), Limits())
    opens = (BTC_ROWS[0]["T"] // MINUTE + 1) * MINUTE  # whole minutes, so away from the seam

    def candles(moved):
        pairs = [("symbol", "BTCUSDT"), ("interval", "1m"), ("limit", "10")]
        pairs.append(("startTime", str(opens + moved)))
        return looped.answer("klines", pairs, "MICROSECOND", opens + moved + 2 * cycle)[1]

    first, later = candles(0), candles(1000 * cycle)
    assert [row[1:6] for row in first] == [row[1:6] for row in later]
    assert [row[0] + 1000 * cycle for row in first] == [row[0] for row in later]


# --- the rest ------------------------------------------------------------------------------------


def test_ping_and_time():
    assert ask("ping") == {}
    assert ask("time") == {"serverTime": END}
    assert ask("time", unit=None) == {"serverTime": END // 1000}


def test_the_listing_names_symbols_and_limits():
    listing = ask("exchangeInfo")
    assert [symbol["symbol"] for symbol in listing["symbols"]] == ["BTCUSDT", "ETHUSDT", "TRXUSDT"]
    assert {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1} | {
        "limit": 6000
    } in listing["rateLimits"]
    (btc,) = ask("exchangeInfo", symbol="BTCUSDT")["symbols"]
    assert (btc["status"], btc["baseAsset"], btc["quoteAsset"]) == ("TRADING", "BTC", "USDT")
    assert btc["filters"][0]["tickSize"] == "0.01000000"


@pytest.mark.parametrize("path", ["aggTrades", "klines"])
def test_a_symbol_is_checked(path):
    mandatory = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
    assert refused(path) == (-1102, mandatory)
    assert refused(path, symbol="") == (-1102, mandatory)
    code, text = refused(path, symbol="btcusdt")
    assert code == -1100
    assert r"'^[\w\-._&&[^a-z]]{1,50}$'" in text


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("aggTrades", {"symbol": "NOSUCH"}, -1121),
        ("aggTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, -1128),
        ("aggTrades", {"symbol": "BTCUSDT", "fromId": 1, "endTime": 1}, -1128),
        ("aggTrades", {"symbol": "BTCUSDT", "fromId": "x"}, -1100),
        ("aggTrades", {"symbol": "BTCUSDT", "startTime": "-1"}, -1100),
        ("aggTrades", {"symbol": "BTCUSDT", "endTime": ""}, -1105),
        ("aggTrades", {"symbol": "BTCUSDT", "limit": 0}, -1130),
        ("aggTrades", {"symbol": "BTCUSDT", "colour": "red"}, -1104),
        ("klines", {"symbol": "BTCUSDT"}, -1102),
        ("klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ("klines", {"symbol": "BTCUSDT", "interval": "1M"}, -1120),
        ("exchangeInfo", {"symbol": "NOSUCH"}, -1121),
        ("exchangeInfo", {"symbols": '["BTCUSDT","NOSUCH"]'}, -1121),
        ("exchangeInfo", {"symbols": '["BTCUSDT","BTCUSDT"]'}, -1151),
        ("exchangeInfo", {"symbols": "BTCUSDT"}, -1100),
        ("exchangeInfo", {"symbols": '["btcusdt"]'}, -1100),
        ("exchangeInfo", {"symbol": "BTCUSDT", "symbols": '["ETHUSDT"]'}, -1128),
    ],
)
def test_bad_parameters_are_refused_with_the_exchange_s_codes(path, params, code):
    assert refused(path, **params)[0] == code


def test_a_parameter_is_given_once():
    pairs = [("symbol", "BTCUSDT"), ("symbol", "ETHUSDT")]
    status, body = REST.answer("aggTrades", pairs, None, END)
    assert (status, body["code"]) == (400, -1101)


def test_a_bad_unit_of_time_is_refused():
    assert refused("time", unit="SECOND") == (
        -1194,
        "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
    )


@pytest.mark.parametrize(
    ("path", "names", "weight"),
    [
        ("ping", [], 1),
        ("time", [], 1),
        ("exchangeInfo", [], 20),
        ("aggTrades", ["symbol"], 4),
        ("klines", ["symbol"], 2),
        ("no/such/path", [], 0),
    ],
)
def test_each_question_has_its_weight(path, names, weight):
    assert REST.weight(path, names) == weight
