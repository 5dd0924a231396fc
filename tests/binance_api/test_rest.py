"""Binance's read API over a tape, against the local exchange that serves the same recording."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from prices.binance_api import endpoint
from prices.binance_api.weights import CLIENTS, LIMIT, Weights
from prices.models import Listing
from tests.support.tapes import START, at, open_tape, tick

pytestmark = pytest.mark.django_db

MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def fresh_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "WEIGHTS", Weights())


@pytest.fixture
def tape() -> Iterator[Any]:
    """Ten ticks of BTCUSDT, one a minute, the third of three trades; and a hole before the last."""
    ticks = []
    first = 1
    for n in range(10):
        trades = 3 if n == 2 else 1
        first += 5 if n == 9 else 0
        ticks.append(
            tick(first, 60 * n, f"{100 + n}.5", trades=trades, quantity="2", side=n % 2 == 0)
        )
        first += trades
    with open_tape("BTCUSDT", "ETHUSDT", "SOLUSDT") as tape:
        tape.store(ticks)
        tape.store([tick(7, 1, "2500.25", symbol="ETHUSDT")])
        yield tape


def ask(client: Client, path: str, **asked: Any) -> Any:
    response = client.get(f"/api/v3/{path}", asked)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def refused(client: Client, path: str, **asked: Any) -> int:
    response = client.get(f"/api/v3/{path}", asked)
    assert response.status_code == 400, response.content
    body = json.loads(response.content)
    assert sorted(body) == ["code", "msg"]
    code: int = body["code"]
    return code


class TestAggTrades:
    def test_a_row_bears_the_id_of_its_first_trade(self, client: Client, tape: Any) -> None:
        rows = ask(client, "aggTrades", symbol="BTCUSDT", fromId=3, limit=2)
        assert rows == [
            {
                "a": 3,
                "p": "102.50000000",
                "q": "2.00000000",
                "f": 3,
                "l": 5,
                "T": at(120) // 1000,
                "m": True,
                "M": True,
            },
            {
                "a": 6,
                "p": "103.50000000",
                "q": "2.00000000",
                "f": 6,
                "l": 6,
                "T": at(180) // 1000,
                "m": False,
                "M": True,
            },
        ]

    def test_an_unknown_side_is_left_out(self, client: Client, tape: Any) -> None:
        (row,) = ask(client, "aggTrades", symbol="ETHUSDT")
        assert "m" not in row

    def test_going_on_after_the_last_id_meets_every_tick(self, client: Client, tape: Any) -> None:
        met, first = [], 0
        while rows := ask(client, "aggTrades", symbol="BTCUSDT", fromId=first, limit=3):
            met += [row["a"] for row in rows]
            first = rows[-1]["a"] + 1
        assert met == [1, 2, 3, 6, 7, 8, 9, 10, 11, 17]

    def test_bounds_are_included(self, client: Client, tape: Any) -> None:
        start, end = at(60) // 1000, at(180) // 1000
        rows = ask(client, "aggTrades", symbol="BTCUSDT", startTime=start, endTime=end)
        assert [row["a"] for row in rows] == [2, 3, 6]

    def test_without_bounds_the_newest_come_in_order(self, client: Client, tape: Any) -> None:
        rows = ask(client, "aggTrades", symbol="BTCUSDT", limit=2)
        assert [row["a"] for row in rows] == [11, 17]

    def test_up_to_an_end_the_newest_come(self, client: Client, tape: Any) -> None:
        rows = ask(client, "aggTrades", symbol="BTCUSDT", endTime=at(180) // 1000, limit=2)
        assert [row["a"] for row in rows] == [3, 6]

    def test_microseconds_on_request(self, client: Client, tape: Any) -> None:
        response = client.get(
            "/api/v3/aggTrades",
            {"symbol": "BTCUSDT", "fromId": 1, "limit": 1},
            headers={"X-MBX-TIME-UNIT": "MICROSECOND"},
        )
        assert json.loads(response.content)[0]["T"] == at(0)

    def test_times_that_step_back_lose_no_tick(self, client: Client) -> None:
        with open_tape() as tape:
            tape.store([tick(5, 10.2), tick(6, 10.1), tick(7, 10.3), tick(8, 10.4)])
        first = ask(client, "aggTrades", symbol="BTCUSDT", startTime=at(10) // 1000, limit=1)
        onward = ask(client, "aggTrades", symbol="BTCUSDT", fromId=first[-1]["a"] + 1)
        assert [row["a"] for row in first + onward] == [5, 6, 7, 8]

    @pytest.mark.parametrize(
        ("asked", "verdict"),
        [
            ({"fromId": 1, "limit": 8}, "complete"),
            ({"fromId": 2, "limit": 3}, "complete"),
            # More trades may follow, and nobody records.
            ({"fromId": 17}, "unknown"),
            # Trades 12 to 16 are missing.
            ({"fromId": 9}, "incomplete"),
            ({"fromId": 9, "limit": 3}, "complete"),
            ({"fromId": 12, "limit": 1}, "incomplete"),
            # What was traded before the tape began is not known.
            ({"fromId": 0, "limit": 3}, "unknown"),
            ({"startTime": at(-60) // 1000, "limit": 3}, "unknown"),
            ({"startTime": at(60) // 1000, "endTime": at(120) // 1000}, "complete"),
            ({"startTime": at(60) // 1000, "endTime": at(490) // 1000}, "incomplete"),
        ],
    )
    def test_the_header_says_what_the_page_proves(
        self, client: Client, tape: Any, asked: dict[str, Any], verdict: str
    ) -> None:
        response = client.get("/api/v3/aggTrades", {"symbol": "BTCUSDT", **asked})
        assert response["X-Coverage"] == verdict


class TestTickers:
    def test_one_price_is_an_object(self, client: Client, tape: Any) -> None:
        assert ask(client, "ticker/price", symbol="BTCUSDT") == {
            "symbol": "BTCUSDT",
            "price": "109.50000000",
        }

    def test_several_or_all_are_an_array(self, client: Client, tape: Any) -> None:
        both = ask(client, "ticker/price", symbols='["ETHUSDT","BTCUSDT"]')
        assert [row["symbol"] for row in both] == ["BTCUSDT", "ETHUSDT"]
        assert ask(client, "ticker/price") == both

    def test_a_symbol_without_a_tick_has_no_ticker(self, client: Client, tape: Any) -> None:
        for path in ("ticker/price", "ticker/24hr", "avgPrice"):
            assert refused(client, path, symbol="SOLUSDT") == -1121

    def test_a_day_is_counted_from_its_first_trade(self, client: Client) -> None:
        now = datetime.now(UTC)
        since = (now - timedelta(hours=24) - START).total_seconds()
        ticks = [
            tick(1, since - 30, "90", quantity="9"),
            tick(2, since + 5, "100", quantity="1"),
            tick(3, since + 4000, "120", quantity="2", trades=2),
            tick(5, since + 86_000, "110", quantity="4"),
        ]
        with open_tape() as tape:
            tape.store(ticks)
        day = ask(client, "ticker/24hr", symbol="BTCUSDT")
        del day["openTime"], day["closeTime"]
        assert day == {
            "symbol": "BTCUSDT",
            "priceChange": "10.00000000",
            "priceChangePercent": "10.000",
            "weightedAvgPrice": "111.42857143",
            "prevClosePrice": "90.00000000",
            "lastPrice": "110.00000000",
            "lastQty": "4.00000000",
            "bidPrice": "0.00000000",
            "bidQty": "0.00000000",
            "askPrice": "0.00000000",
            "askQty": "0.00000000",
            "openPrice": "100.00000000",
            "highPrice": "120.00000000",
            "lowPrice": "100.00000000",
            "volume": "7.00000000",
            "quoteVolume": "780.00000000",
            "firstId": 2,
            "lastId": 5,
            "count": 4,
        }

    def test_a_day_without_a_trade_keeps_the_price(self, client: Client, tape: Any) -> None:
        day = ask(client, "ticker/24hr", symbol="ETHUSDT")
        assert (day["openPrice"], day["lastPrice"]) == ("2500.25000000", "2500.25000000")
        assert (day["count"], day["firstId"], day["volume"]) == (0, -1, "0.00000000")

    def test_a_mini_ticker_has_no_changes(self, client: Client, tape: Any) -> None:
        day = ask(client, "ticker/24hr", symbol="BTCUSDT", type="MINI")
        assert "priceChange" not in day
        assert "lastPrice" in day

    def test_the_average_is_by_volume(self, client: Client) -> None:
        now = (datetime.now(UTC) - START).total_seconds()
        with open_tape() as tape:
            tape.store(
                [
                    tick(1, now - 900, "50", quantity="100"),
                    tick(2, now - 120, "100", quantity="1"),
                    tick(3, now - 60, "103", quantity="2"),
                ]
            )
        assert ask(client, "avgPrice", symbol="BTCUSDT") == {
            "mins": 5,
            "price": "102.00000000",
            "closeTime": at(now - 60) // 1000,
        }


class TestKlines:
    def test_a_row_has_twelve_columns(self, client: Client, tape: Any) -> None:
        start = at(120) // 1000
        rows = ask(client, "klines", symbol="BTCUSDT", interval="1m", startTime=start, limit=1)
        assert rows == [
            [
                start,
                "102.50000000",
                "102.50000000",
                "102.50000000",
                "102.50000000",
                "2.00000000",
                start + MINUTE_MS - 1,
                "205.00000000",
                3,
                "0.00000000",
                "0.00000000",
                "0",
            ]
        ]

    def test_the_earliest_is_found_from_the_epoch(self, client: Client, tape: Any) -> None:
        (row,) = ask(client, "klines", symbol="BTCUSDT", interval="1m", startTime=0, limit=1)
        assert row[0] == at(0) // 1000

    def test_bounds_are_included(self, client: Client, tape: Any) -> None:
        asked = {"symbol": "BTCUSDT", "interval": "1m", "startTime": at(60) // 1000}
        rows = ask(client, "klines", **asked, endTime=at(120) // 1000)
        assert [row[0] for row in rows] == [at(60) // 1000, at(120) // 1000]

    def test_without_bounds_the_newest_come_in_order(self, client: Client, tape: Any) -> None:
        rows = ask(client, "uiKlines", symbol="BTCUSDT", interval="1m", limit=2)
        assert [row[0] for row in rows] == [at(480) // 1000, at(540) // 1000]

    def test_a_taker_that_is_not_known_is_null(self, client: Client, tape: Any) -> None:
        ((*_, taker, quote, _),) = ask(client, "klines", symbol="ETHUSDT", interval="1d")
        assert (taker, quote) == (None, None)

    def test_microseconds_on_request(self, client: Client, tape: Any) -> None:
        response = client.get(
            "/api/v3/klines",
            {"symbol": "BTCUSDT", "interval": "1h"},
            headers={"X-MBX-TIME-UNIT": "microsecond"},
        )
        (row,) = json.loads(response.content)
        opens = int(datetime(2025, 7, 3, 8, tzinfo=UTC).timestamp()) * 1_000_000
        assert (row[0], row[6]) == (opens, opens + 3_600_000_000 - 1)

    @pytest.mark.parametrize(
        ("zone", "interval", "begins"),
        [
            ("0", "1d", "2025-07-03T00:00:00"),
            ("8", "1d", "2025-07-02T16:00:00"),
            ("-3:30", "1d", "2025-07-03T03:30:00"),
            ("05:45", "4h", "2025-07-03T06:15:00"),
            ("+14:00", "1w", "2025-06-29T10:00:00"),
            ("8", "1h", "2025-07-03T08:00:00"),
        ],
    )
    def test_days_of_another_time_zone(
        self, client: Client, tape: Any, zone: str, interval: str, begins: str
    ) -> None:
        asked = {"symbol": "BTCUSDT", "interval": interval, "timeZone": zone}
        (row,) = ask(client, "klines", **asked)
        assert datetime.fromtimestamp(row[0] / 1000, UTC).replace(tzinfo=None).isoformat() == begins
        assert row[8] == 12

    def test_a_gap_is_told(self, client: Client, tape: Any) -> None:
        asked = {"symbol": "BTCUSDT", "interval": "1m"}
        whole = client.get(
            "/api/v3/klines", asked | {"startTime": at(60) // 1000, "endTime": at(120) // 1000}
        )
        assert whole["X-Coverage"] == "complete"
        assert client.get("/api/v3/klines", asked)["X-Coverage"] == "incomplete"


class TestExchangeInfo:
    def test_it_is_what_the_exchange_said(self, client: Client, tape: Any) -> None:
        body = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "filters": []}
        Listing.objects.keep({"BTCUSDT": body, "GONEUSDT": {"symbol": "GONEUSDT"}})
        Listing.objects.keep({"BTCUSDT": body | {"quoteAsset": "USDT"}})
        info = ask(client, "exchangeInfo")
        assert info["symbols"] == [body | {"quoteAsset": "USDT"}]
        assert info["rateLimits"] == [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": LIMIT,
            }
        ]
        assert ask(client, "exchangeInfo", symbol="BTCUSDT")["symbols"] == info["symbols"]


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "asked", "code"),
        [
            ("aggTrades", {}, -1102),
            ("aggTrades", {"symbol": ""}, -1102),
            ("aggTrades", {"symbol": "btcusdt"}, -1100),
            ("aggTrades", {"symbol": "BTC/USDT"}, -1100),
            ("aggTrades", {"symbol": "NONESUCH"}, -1121),
            ("aggTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, -1128),
            ("aggTrades", {"symbol": "BTCUSDT", "fromId": "x"}, -1100),
            ("aggTrades", {"symbol": "BTCUSDT", "limit": 0}, -1130),
            ("aggTrades", {"symbol": "BTCUSDT", "page": 2}, -1104),
            ("ticker/price", {"symbol": "BTCUSDT", "symbols": "[]"}, -1128),
            ("ticker/price", {"symbols": "BTCUSDT"}, -1100),
            ("ticker/price", {"symbols": '["BTCUSDT","NONESUCH"]'}, -1121),
            ("ticker/24hr", {"symbol": "BTCUSDT", "type": "HUGE"}, -1130),
            ("klines", {"symbol": "BTCUSDT"}, -1102),
            ("klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
            ("klines", {"symbol": "BTCUSDT", "interval": "1d", "timeZone": "15"}, -1130),
            ("klines", {"symbol": "BTCUSDT", "interval": "1d", "timeZone": "UTC"}, -1130),
            ("klines", {"symbol": "BTCUSDT", "interval": "1M", "timeZone": "8"}, -1130),
            ("ping", {"symbol": "BTCUSDT"}, -1104),
            ("exchangeInfo", {"symbol": "NONESUCH"}, -1121),
        ],
    )
    def test_each_has_the_code_of_the_exchange(
        self, client: Client, tape: Any, path: str, asked: dict[str, Any], code: int
    ) -> None:
        assert refused(client, path, **asked) == code

    def test_an_unknown_unit_of_time(self, client: Client) -> None:
        response = client.get("/api/v3/time", headers={"X-MBX-TIME-UNIT": "SECOND"})
        assert response.status_code == 400
        assert json.loads(response.content)["code"] == -1194

    def test_an_unknown_path_has_no_body(self, client: Client) -> None:
        for path in ("", "depth", "ping/", "ticker/price/"):
            response = client.get(f"/api/v3/{path}")
            assert (response.status_code, response.content) == (404, b"")

    def test_only_reading_is_possible(self, client: Client) -> None:
        response = client.post("/api/v3/ping")
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, OPTIONS"


class TestWeights:
    def test_a_response_says_what_was_used(self, client: Client, tape: Any) -> None:
        assert client.get("/api/v3/ping")["X-MBX-USED-WEIGHT-1M"] == "1"
        response = client.get("/api/v3/aggTrades", {"symbol": "BTCUSDT"})
        assert response["X-MBX-USED-WEIGHT-1M"] == "5"

    def test_beyond_the_limit_a_client_has_to_wait(self, client: Client) -> None:
        for _ in range(LIMIT // 20):
            client.get("/api/v3/exchangeInfo")
        response = client.get("/api/v3/ping")
        assert response.status_code == 429
        assert json.loads(response.content)["code"] == -1003
        assert 0 < int(response["Retry-After"]) <= 60
        elsewhere = client.get("/api/v3/ping", REMOTE_ADDR="192.0.2.1")
        assert elsewhere.status_code == 200

    def test_a_new_minute_begins_with_nothing(self) -> None:
        clock = iter([59.0, 59.5, 60.0])
        weights = Weights(clock=lambda: next(clock))
        assert weights.spend("a", LIMIT) == (LIMIT, 0)
        assert weights.spend("a", 1) == (LIMIT + 1, 1)
        assert weights.spend("a", 1) == (1, 0)

    def test_further_clients_share_a_count(self) -> None:
        weights = Weights(clock=lambda: 0.0)
        for n in range(CLIENTS):
            weights.spend(str(n), 1)
        assert weights.spend("late", 2) == (2, 0)
        assert weights.spend("later", 2) == (4, 0)
