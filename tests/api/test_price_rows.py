"""Many prices in one request: each as the single question has it, and errors by row."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prices.models import Listing, Price
from prices.models.conversion import DIGITS, Market, Pair
from prices.models.price_at import Question
from prices.recording.tape import Tape
from tests.support.tapes import START, open_tape, tick

pytestmark = pytest.mark.django_db

PATH = "/api/prices/at/"
JSON = "application/json"
NAMES = ("BTCUSDT", "ETHBTC", "EURUSDT", "XRPUSDT")


@pytest.fixture(autouse=True)
def tape() -> Iterator[Tape]:
    with open_tape(*NAMES) as tape:
        tape.store(
            [
                tick(1, 0, "60000.00000001"),
                *(tick(n, 10, str(n)) for n in range(2, 5)),
                tick(5, 20.5, "61928.31000000"),
                tick(9, 40, "62000"),
                tick(10, 50, "62001"),
            ]
        )
        tape.store([tick(7, 5, "0.05123456", symbol="ETHBTC"), tick(8, 45, symbol="ETHBTC")])
        tape.store([tick(3, 2, "1.17", symbol="EURUSDT"), tick(4, 45, "3", symbol="EURUSDT")])
        yield tape


def ask(client: Client, rows: Any, query: str = "", status: int = 200) -> Any:
    answer = client.post(f"{PATH}{query}", json.dumps(rows), content_type=JSON)
    assert answer.status_code == status, answer.content
    return json.loads(answer.content, parse_float=Decimal)


def row(symbol: Any, second: float) -> dict[str, Any]:
    return {"symbol": symbol, "timestamp": (START + timedelta(seconds=second)).isoformat()}


class TestAnswers:
    def test_the_shape_is_that_of_the_contract(self, client: Client) -> None:
        asked = [{"symbol": "btcusdt", "timestamp": "2025-07-03T08:30:36"}]
        answer = client.post(PATH, json.dumps(asked), content_type=JSON)
        assert answer.content == (
            b'[{"symbol":"BTCUSDT","timestamp":"2025-07-03T08:30:36","price":"61928.31",'
            b'"actual_timestamp":"2025-07-03T08:30:20.500000","trade":5,"age":15.5,'
            b'"coverage":"incomplete","error":null}]'
        )
        assert answer["X-Coverage"] == "incomplete"

    def test_they_come_in_order_and_may_repeat(self, client: Client) -> None:
        asked = [row("BTCUSDT", 30), row("ETHBTC", 30), row("BTCUSDT", 1), row("BTCUSDT", 30)]
        found = ask(client, asked)
        assert [each["trade"] for each in found] == [5, 7, 1, 5]
        assert [each["timestamp"] for each in found] == [each["timestamp"] for each in asked]

    def test_numbers_are_instants_as_well(self, client: Client) -> None:
        found = ask(client, [{"symbol": "BTCUSDT", "timestamp": 1751531436}])[0]
        assert (found["timestamp"], found["price"]) == (1751531436, "61928.31")
        assert found["actual_timestamp"] == "2025-07-03T08:30:20.500000Z"

    def test_before_recording_there_is_no_price(self, client: Client) -> None:
        assert ask(client, [row("BTCUSDT", -1)])[0] == {
            **row("BTCUSDT", -1),
            **dict.fromkeys(("price", "actual_timestamp", "trade", "age", "error")),
            "coverage": "unknown",
        }

    def test_nothing_asked_is_nothing_answered(self, client: Client) -> None:
        assert ask(client, []) == []

    def test_an_older_price_is_null(self, client: Client) -> None:
        asked = [row("BTCUSDT", 30), row("BTCUSDT", 30.500001), row("BTCUSDT", 45)]
        found = ask(client, asked, "?max_age=10")
        assert [each["price"] for each in found] == ["61928.31", None, "62000"]
        assert [each["age"] for each in found] == [Decimal("9.5"), Decimal("10.000001"), 5]

    @pytest.mark.parametrize("age", ["", "-1", "1e3", "nan", "1s", "٣"])
    def test_a_bad_max_age_is_named(self, client: Client, age: str) -> None:
        assert list(ask(client, [], f"?max_age={age}", 400)) == ["max_age"]

    def test_one_statement(self, client: Client, django_assert_num_queries) -> None:
        with django_assert_num_queries(1):
            ask(client, [row(name, second) for name in NAMES for second in range(50)])

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(NAMES),
                st.one_of(
                    st.integers(-5, 60),
                    st.sampled_from([20.5, 20.499999, 9.999999, 49.999999, 50, 50.000001]),
                ),
            ),
            max_size=30,
        ),
        st.sampled_from([None, 45, 50, 60]),
    )
    def test_each_equals_the_single_question(self, asked: list, heard: float | None) -> None:
        with open_tape(*NAMES) as tape:
            if heard is None:
                tape.withdraw()
            else:
                tape.heartbeat(tape.numbers, START + timedelta(seconds=heard))
        questions = [Question(name, START + timedelta(seconds=second)) for name, second in asked]
        for question, found in zip(questions, Price.objects.at(questions), strict=True):
            price, coverage = Price.objects.as_of(*question)
            assert found is not None
            assert found.verdict == coverage.verdict
            assert found.price == (price and price.price)
            assert found.timestamp == (price and price.timestamp)
            assert found.trade == (price and price.first_trade)


class TestRowsWithErrors:
    BAD = (
        {"symbol": "DOGEUSDT", "timestamp": "2025-07-03T08:30:36"},
        {"symbol": "BTC/USDT", "timestamp": "2025-07-03T08:30:36"},
        {"symbol": "BTC-USDT", "timestamp": "2025-07-03T08:30:36"},
        {"symbol": "BTCUSDT", "timestamp": "yesterday"},
        {"symbol": "BTCUSDT", "timestamp": 1.5},
        {"symbol": "BTCUSDT", "timestamp": True},
        {"symbol": "BTCUSDT", "timestamp": None},
        {"symbol": "BTCUSDT", "timestamp": 10**400},
        {"symbol": "BTC\0USDT", "timestamp": "2025-07-03T08:30:36"},
        {"symbol": 7, "timestamp": "2025-07-03T08:30:36"},
        {"symbol": ["BTCUSDT"], "timestamp": {}},
        {"symbol": "BTCUSDT"},
        {"timestamp": "2025-07-03T08:30:36"},
        {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36", "quote": "EUR"},
        {},
        [],
        None,
        "BTCUSDT",
    )

    @pytest.mark.parametrize("query", ["", "?quote=EUR"])
    def test_have_their_own_and_spoil_no_other(self, client: Client, query: str) -> None:
        good = row("BTCUSDT", 30)
        asked = [each for bad in self.BAD for each in (bad, good)]
        found = ask(client, asked, query)
        assert len(found) == len(asked)
        assert {json.dumps(each, default=str) for each in found[1::2]} == {
            json.dumps(found[1], default=str)
        }
        assert (found[1]["error"], found[1]["price"] is None) == (None, False)
        for bad, answer in zip(self.BAD, found[::2], strict=True):
            assert answer["error"], bad
            assert (answer["price"], answer["coverage"]) == (None, None)
            if isinstance(bad, dict):
                assert str(answer["symbol"]) == str(bad.get("symbol"))

    def test_say_what_was_meant(self, client: Client) -> None:
        for each in ask(client, list(self.BAD[1:3])):
            assert "Did you mean BTCUSDT?" in each["error"]


class TestBodies:
    def test_csv_with_a_header(self, client: Client) -> None:
        body = "\ufefftimestamp,symbol\r\n2025-07-03T08:30:36,BTCUSDT\r\n\r\n"
        body += "1751531436,ethbtc\r\n1\r\n"
        answer = client.post(PATH, body.encode(), content_type="text/csv")
        assert [each["price"] for each in answer.json()] == ["61928.31", "0.05123456", None]
        assert answer.json()[2]["error"]

    def test_answers_as_csv(self, client: Client) -> None:
        body = "symbol,timestamp\nBTCUSDT,2025-07-03T08:30:36\n,\n"
        answer = client.post(f"{PATH}?format=csv", body, content_type="text/csv")
        head, first, second = answer.content.decode().splitlines()
        assert head == "symbol,timestamp,price,actual_timestamp,trade,age,coverage,error"
        assert first == (
            "BTCUSDT,2025-07-03T08:30:36,61928.31,2025-07-03T08:30:20.500000,5,15.5,incomplete,"
        )
        assert second.startswith(",,,,,,,")

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"", JSON, 400),
            (b"{", JSON, 400),
            (b"{}", JSON, 400),
            (b"null", JSON, 400),
            (b"\xff", JSON, 400),
            (b"[" * 100_000, JSON, 400),
            (b"", "text/csv", 400),
            (b"\xff", "text/csv", 400),
            (b"symbol\nBTCUSDT", "text/csv", 400),
            (b"symbol,timestamp,amount\n", "text/csv", 400),
            (b"symbol,timestamp\n" + b"a,1\n" * 10_001, "text/csv", 400),
            (json.dumps([None] * 10_001).encode(), JSON, 400),
            (b"[]", "application/x-www-form-urlencoded", 415),
            (b"[]", "text/html", 415),
        ],
    )
    def test_that_are_no_rows_are_refused(self, client, body, kind, status) -> None:
        answer = client.post(PATH, body, content_type=kind)
        assert (answer.status_code, answer["Content-Type"]) == (status, JSON)
        assert list(answer.json()) == ["detail"]

    def test_as_many_rows_as_may_be_fit(self, client: Client) -> None:
        assert len(ask(client, [row("BTCUSDT", 30.123456)] * 10_000)) == 10_000


class TestQuote:
    def test_by_the_recorded_symbol(self, client: Client) -> None:
        for name in ("BTC", "BTCUSDT"):
            found = ask(client, [row(name, 30)], "?quote=usdt")[0]
            assert (found["price"], found["trade"], found["error"]) == ("61928.31", 5, None)
            assert [(leg["symbol"], leg["inverse"]) for leg in found["via"]] == [("BTCUSDT", False)]

    @pytest.mark.parametrize("name", ["ETH", "ETHBTC", "ETHUSDT"])
    def test_by_two(self, client: Client, name: str) -> None:
        found = ask(client, [row(name, 30)], "?quote=USDT")[0]
        assert found["price"] == str(Decimal("0.05123456") * Decimal("61928.31"))
        assert (found["age"], found["trade"], found["coverage"]) == (25, None, "incomplete")
        assert found["actual_timestamp"] == "2025-07-03T08:30:05Z"
        assert found["via"] == [
            {
                "symbol": "ETHBTC",
                "inverse": False,
                "price": "0.05123456",
                "actual_timestamp": "2025-07-03T08:30:05Z",
                "trade": 7,
                "age": 25,
                "coverage": "complete" if leg_is_proven(client) else "incomplete",
            },
            {
                "symbol": "BTCUSDT",
                "inverse": False,
                "price": "61928.31",
                "actual_timestamp": "2025-07-03T08:30:20.500000Z",
                "trade": 5,
                "age": Decimal("9.5"),
                "coverage": "incomplete",
            },
        ]

    def test_divided_to_the_stated_digits(self, client: Client) -> None:
        found = ask(client, [row("BTC", 30)], "?quote=EUR")[0]
        exact = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
        assert found["price"] == str(exact.divide(Decimal("61928.31"), Decimal("1.17")))
        assert [leg["inverse"] for leg in found["via"]] == [False, True]

    def test_one_that_is_turned_round(self, client: Client) -> None:
        found = ask(client, [row("USDT", 50)], "?quote=EUR")[0]
        assert found["price"] == "0." + "3" * DIGITS

    @pytest.mark.parametrize(("name", "quote"), [("DOGE", "USDT"), ("BTC", "XYZ"), ("ETH", "XRP")])
    def test_no_way_is_null(self, client: Client, name: str, quote: str) -> None:
        found = ask(client, [row(name, 30)], f"?quote={quote}")[0]
        assert (found["price"], found["via"]) == (None, None)
        assert found["error"]

    def test_a_leg_without_a_price_makes_none(self, client: Client) -> None:
        found = ask(client, [row("ETH", 1)], "?quote=USDT")[0]
        assert (found["price"], found["via"], found["coverage"]) == (None, None, "unknown")

    def test_an_old_leg_is_too_old(self, client: Client) -> None:
        found = ask(client, [row("ETH", 30), row("BTC", 30)], "?quote=USDT&max_age=20")
        assert [each["price"] for each in found] == [None, "61928.31"]

    def test_assets_are_those_that_the_exchange_lists(self, client: Client) -> None:
        Listing.objects.keep({"XRPUSDT": {"baseAsset": "XRPU", "quoteAsset": "SDT"}})
        found = ask(client, [row("XRP", 30), row("XRPU", 30)], "?quote=SDT")
        assert [bool(each["error"]) for each in found] == [True, False]

    def test_the_direct_way_is_the_only_one(self) -> None:
        market = Market([Pair("AB", "A", "B"), Pair("AC", "A", "C"), Pair("CB", "C", "B")])
        assert [[leg.symbol for leg in way] for way in market.ways("A", "B")] == [["AB"]]
        assert [[leg.symbol for leg in way] for way in market.ways("B", "C")] == [["CB"]]

    def test_what_a_symbol_is_quoted_in_comes_first(self) -> None:
        pairs = [Pair(a + b, a, b) for a in "A" for b in "XYZ"]
        pairs += [Pair(a + "Q", a, "Q") for a in "XYZ"]
        market = Market(pairs)
        assert [[leg.symbol for leg in way] for way in market.ways("AZ", "Q")] == [
            ["AZ", "ZQ"],
            ["AX", "XQ"],
            ["AY", "YQ"],
        ]


def leg_is_proven(client: Client) -> bool:
    return ask(client, [row("ETHBTC", 30)])[0]["coverage"] == "complete"
