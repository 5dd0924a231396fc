"""Raw trades as REST gives them: the newest, made of the ticks that hold them."""

from decimal import Decimal
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from replay.archive import read
from replay.ledger import Ledger
from replay.limits import Limits
from replay.recording import Recording
from replay.rest import Rest
from tests.support.local_exchange import BTC, ETH, agg_trades

ROWS = agg_trades(BTC)
REST = Rest(Ledger(read([BTC, ETH])), Limits())
MINUTE = 60_000_000  # µs


def trades(rest, now, unit="MICROSECOND", **params):
    pairs = [("symbol", "BTCUSDT"), *((name, str(value)) for name, value in params.items())]
    status, body = rest.answer("trades", pairs, unit, now)
    assert status == 200, body
    return body


def market(*ticks):
    """An exchange of one symbol; its ticks: price, quantity, first and last id, time in µs."""
    recording = Recording("BTCUSDT")
    for number, (price, quantity, first_id, last_id, time) in enumerate(ticks):
        recording.append(700 + number, price, quantity, first_id, last_id, time, 1)
    return Rest(Ledger([recording]), Limits())


def test_a_tick_is_dealt_to_its_trades_in_equal_shares():
    rest = market(("0.30000000", "1.00000000", 10, 12, 1_723_161_255_342_000))
    assert trades(rest, 1_723_161_255_342_000, unit=None) == [
        {
            "id": trade_id,
            "price": "0.30000000",
            "qty": quantity,
            "quoteQty": quote,
            "time": 1_723_161_255_342,
            "isBuyerMaker": True,
            "isBestMatch": False,
        }
        for trade_id, quantity, quote in (
            # 0.099999999 and 0.100000002, cut to eight decimals
            (10, "0.33333333", "0.09999999"),
            (11, "0.33333333", "0.09999999"),
            (12, "0.33333334", "0.10000000"),
        )
    ]


def test_a_page_may_begin_within_a_tick():
    rest = market(
        ("2.00000000", "9.00000000", 10, 12, 1_723_161_255_000_000),
        ("3.00000000", "4.00000000", 13, 14, 1_723_161_256_000_000),
    )
    given = trades(rest, 1_723_161_256_000_000, limit=4)
    assert [(row["id"], row["qty"]) for row in given] == [
        (11, "3.00000000"),
        (12, "3.00000000"),
        (13, "2.00000000"),
        (14, "2.00000000"),
    ]


def test_what_is_still_to_happen_is_not_told():
    rest = market(
        ("2.00000000", "9.00000000", 10, 12, 1_723_161_255_000_000),
        ("3.00000000", "4.00000000", 13, 14, 1_723_161_256_000_000),
    )
    assert [row["id"] for row in trades(rest, 1_723_161_255_999_999)] == [10, 11, 12]
    assert trades(rest, 1_723_161_254_999_999) == []


@given(last=st.integers(0, len(ROWS) - 1), limit=st.integers(1, 1200))
def test_the_newest_end_with_the_last_tick(last, limit):
    now = ROWS[last]["T"]
    happened = [row for row in ROWS if row["T"] <= now]
    held = happened[-1]["l"] - happened[0]["f"] + 1
    rows = trades(REST, now, limit=limit)
    newest = happened[-1]["l"]
    expected = min(limit, 1000, held)
    assert [row["id"] for row in rows] == list(range(newest - expected + 1, newest + 1))


def test_the_trades_of_a_tick_add_up_to_it():
    by_id = {trade_id: row for row in ROWS for trade_id in range(row["f"], row["l"] + 1)}
    given = trades(REST, ROWS[-1]["T"], limit=1000)
    # The first one may have been cut.
    whole = [by_id[row["id"]]["a"] for row in given if by_id[row["id"]]["f"] >= given[0]["id"]]
    sums = {
        agg_id: sum(Decimal(row["qty"]) for row in rows)
        for agg_id, rows in groupby(given, key=lambda row: by_id[row["id"]]["a"])
    }
    assert len(set(whole)) > 100
    for row in ROWS:
        if row["a"] in whole:
            assert sums[row["a"]] == Decimal(row["q"])


def test_500_by_default_and_never_over_1000():
    now = ROWS[-1]["T"]
    assert len(trades(REST, now)) == 500
    assert len(trades(REST, now, limit=5000)) == 1000


def test_a_looped_ledger_numbers_them_on():
    looped = Rest(Ledger(read([BTC]), loop=True), Limits())
    cycle = 11 * MINUTE
    ids = ROWS[-1]["l"] - ROWS[0]["f"] + 1
    once = trades(looped, ROWS[-1]["T"])
    later = trades(looped, ROWS[-1]["T"] + 1000 * cycle)
    assert [row["id"] + 1000 * ids for row in once] == [row["id"] for row in later]
    assert [row["qty"] for row in once] == [row["qty"] for row in later]


def test_it_takes_no_id_to_begin_from():
    pairs = [("symbol", "BTCUSDT"), ("fromId", "1")]
    assert REST.answer("trades", pairs, None, ROWS[-1]["T"])[0] == 400


def test_it_weighs_25_and_older_trades_are_not_to_be_had():
    assert REST.weight("trades", ["symbol"]) == 25
    assert REST.answer("historicalTrades", [("symbol", "BTCUSDT")], None, ROWS[-1]["T"]) is None
