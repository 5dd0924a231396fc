"""All rows of a list in one response: as CSV and JSON Lines, whole, or seen to have broken."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from prices.api import row_streams
from prices.live.places import Places
from prices.models import Gap, Tick
from prices.models import tick as tick_model
from prices.recording.tape import Tape
from tests.support.tapes import START, open_tape, tick

pytestmark = pytest.mark.django_db

LISTS = {
    "/api/prices/": {"symbol": "BTCUSDT"},
    "/api/candles/": {"symbol": "BTCUSDT"},
    "/api/gaps/": {"symbol": "BTCUSDT"},
}
CANDLE_COLUMNS = ["minute", "open", "high", "low", "close", "volume", "trades"]
CANDLE_COLUMNS += ["quote_volume", "taker_buy_volume", "taker_buy_quote_volume"]


@pytest.fixture(autouse=True)
def tape() -> Iterator[Tape]:
    """Some minutes, years apart: several ticks of one instant, gaps, a side that is not known."""
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.store(
            [
                tick(1, 0, "61928.31000000", quantity="0.00000001", side=True),
                *(tick(n, 5.25, str(n)) for n in range(2, 8)),
                tick(11, 70, "7", side=False, trades=3),
                tick(21, 3_000, "9999999999.99999999"),
                tick(22, 40_000_000, "0.00000010"),
            ]
        )
        tape.store([tick(1, 30, "2600", symbol="ETHUSDT"), tick(2, 31, symbol="ETHUSDT")])
        yield tape


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every response has many parts."""
    monkeypatch.setattr(row_streams, "ROWS", 2)
    monkeypatch.setattr(tick_model, "LEAST_READ", 2)


def text(answer) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def lines(answer) -> list[dict]:
    return [json.loads(line) for line in text(answer).splitlines()]


def pages(client: Client, path: str, query: dict[str, str], limit: int = 2) -> list[dict]:
    """All rows, page by page."""
    answer = client.get(path, {**query, "limit": str(limit)}).json()
    found = answer["results"]
    while answer["next"]:
        answer = client.get(answer["next"]).json()
        found += answer["results"]
    return found


@pytest.mark.parametrize("path", LISTS)
class TestEveryList:
    def test_lines_are_the_rows_of_all_pages_oldest_first(self, client: Client, path) -> None:
        found = lines(client.get(path, LISTS[path] | {"format": "jsonl"}))
        assert found == pages(client, path, LISTS[path])[::-1]
        assert len(found) >= 2

    def test_csv_has_the_same_values(self, client: Client, path) -> None:
        found = list(csv.DictReader(io.StringIO(text(client.get(path, LISTS[path] | CSV)))))
        raw = text(client.get(path, LISTS[path] | {"format": "jsonl"})).splitlines()
        # Numbers as they are written.
        rows = [json.loads(line, parse_float=str, parse_int=str) for line in raw]
        assert found == [{name: plain(value) for name, value in row.items()} for row in rows]

    def test_pages_come_in_either_order(self, client: Client, path) -> None:
        newest = pages(client, path, LISTS[path])
        assert pages(client, path, LISTS[path] | {"order": "desc"}) == newest
        for limit in (1, 2, 3):
            oldest = pages(client, path, LISTS[path] | {"order": "asc"}, limit)
            assert oldest == newest[::-1]

    def test_rows_come_in_either_order(self, client: Client, path) -> None:
        query = LISTS[path] | {"format": "jsonl"}
        asc = lines(client.get(path, query | {"order": "asc"}))
        assert lines(client.get(path, query | {"order": "desc"})) == asc[::-1]
        assert lines(client.get(path, query)) == asc

    def test_another_order_is_refused(self, client: Client, path) -> None:
        for form in ("json", "csv"):
            answer = client.get(path, LISTS[path] | {"order": "up", "format": form})
            assert (answer.status_code, list(answer.json())) == (400, ["order"])

    def test_a_limit_is_of_all_rows(self, client: Client, path) -> None:
        whole = lines(client.get(path, LISTS[path] | {"format": "jsonl"}))
        for limit in (1, 2):
            query = LISTS[path] | {"format": "jsonl", "limit": str(limit)}
            assert lines(client.get(path, query)) == whole[:limit]

    def test_there_are_no_pages_to_continue(self, client: Client, path) -> None:
        answer = client.get(path, LISTS[path] | CSV | {"cursor": "MQ=="})
        assert (answer.status_code, list(answer.json())) == (400, ["cursor"])

    def test_no_rows_are_a_header_alone(self, client: Client, path) -> None:
        query = LISTS[path] | {"from": "2031-01-01"}
        names = text(client.get(path, LISTS[path] | CSV)).splitlines()[0]
        assert text(client.get(path, query | CSV)) == names + "\n"
        assert text(client.get(path, query | {"format": "jsonl"})) == ""

    def test_what_is_wrong_is_told_before_rows_are(self, client: Client, path) -> None:
        answer = client.get(path, {"symbol": "XRPUSDT"} | CSV)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
        answer = client.get(path, {"symbol": "BTC/USDT"} | CSV)
        assert (answer.status_code, list(answer.json())) == (400, ["symbol"])
        assert client.post(f"{path}?format=csv").status_code == 405

    def test_head_has_the_headers_alone(self, client: Client, path) -> None:
        answer = client.head(path, LISTS[path] | CSV)
        assert text(answer) == ""
        assert "Content-Length" not in answer
        assert answer["Content-Type"] == "text/csv; charset=utf-8"

    def test_accept_chooses_as_well(self, client: Client, path) -> None:
        answer = client.get(path, LISTS[path], headers={"accept": "text/csv"})
        assert text(answer) == text(client.get(path, LISTS[path] | CSV))

    def test_what_was_not_begun_is_an_error(self, client: Client, path, monkeypatch) -> None:
        def away(*args: object, **options: object) -> None:
            raise OperationalError("gone")

        monkeypatch.setattr(row_streams.Rows, "pieces", away)
        answer = client.get(path, LISTS[path] | CSV)
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/json")


CSV = {"format": "csv"}


def plain(value: object) -> str:
    """A value of JSON as CSV has it."""
    return {None: "", True: "true", False: "false"}.get(value, value)  # type: ignore[call-overload]


class TestColumns:
    def test_ticks(self, client: Client) -> None:
        query = {"symbol": "BTCUSDT", "to": "2025-07-03T08:30:05.25", **CSV}
        assert text(client.get("/api/prices/", query)) == (
            "symbol,price,quantity,timestamp,first_trade,trades,is_buyer_maker\n"
            "BTCUSDT,61928.31,0.00000001,2025-07-03T08:30:00Z,1,1,true\n"
        )

    def test_candles_are_in_the_order_of_the_contract(self, client: Client) -> None:
        first, row, *_ = text(client.get("/api/candles/", {"symbol": "BTCUSDT", **CSV})).split("\n")
        assert first.split(",") == ["symbol", *CANDLE_COLUMNS]
        assert row.startswith("BTCUSDT,2025-07-03T08:30:00Z,61928.31,61928.31,2,7,6.00000001,7,")

    def test_gaps(self, client: Client) -> None:
        first, *_ = text(client.get("/api/gaps/", CSV)).splitlines()
        assert first.split(",")[:6] == [
            *("symbol", "first_trade", "last_trade", "from", "to", "status")
        ]

    def test_of_a_coverage_there_is_the_verdict(self, client: Client) -> None:
        query = {"symbol": "BTCUSDT", "include": "coverage"}
        rows = list(csv.DictReader(io.StringIO(text(client.get("/api/candles/", query | CSV)))))
        paged = pages(client, "/api/candles/", query)[::-1]
        verdicts = [row["coverage"] for row in rows]
        assert verdicts == [row["coverage"]["verdict"] for row in paged]
        assert set(verdicts) <= {"complete", "incomplete", "unknown"}
        found = lines(client.get("/api/candles/", query | {"format": "jsonl"}))
        assert [row["coverage"] for row in found] == verdicts

    def test_what_a_cell_cannot_hold_is_quoted(self, client: Client) -> None:
        Gap.objects.update(last_error='No, "never":\nREST is away.')
        rows = list(csv.DictReader(io.StringIO(text(client.get("/api/gaps/", CSV)))))
        assert {row["last_error"] for row in rows} == {'No, "never":\nREST is away.'}

    @pytest.mark.parametrize(
        ("path", "query", "name"),
        [
            ("/api/prices/", {}, "ticks.csv"),
            ("/api/prices/", {"symbol": "BTCUSDT"}, "BTCUSDT-ticks.csv"),
            ("/api/candles/", {"symbol": "BTCUSDT", "interval": "1h"}, "BTCUSDT-candles-1h.csv"),
            ("/api/gaps/", {"symbol": "BTCUSDT"}, "BTCUSDT-gaps.csv"),
        ],
    )
    def test_a_browser_is_told_a_file_name(self, client: Client, path, query, name) -> None:
        answer = client.get(path, query | CSV)
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Cache-Control"] == "no-store"
        text(answer)


class TestOrder:
    def test_ticks_of_one_instant_come_by_trade_id(self, client: Client) -> None:
        found = lines(client.get("/api/prices/", {"symbol": "BTCUSDT", "format": "jsonl"}))
        assert [row["first_trade"] for row in found] == [1, 2, 3, 4, 5, 6, 7, 11, 21, 22]

    def test_symbols_are_merged_by_time(self, client: Client) -> None:
        found = lines(client.get("/api/prices/", {"format": "jsonl"}))
        times = [(row["timestamp"], row["symbol"]) for row in found]
        assert len(found) == Tick.objects.count()
        assert [time for time, _ in times] == sorted(time for time, _ in times)

    @pytest.mark.parametrize("query", [{}, {"symbols": "ETHUSDT,BTCUSDT"}, {"from": "2025-07-04"}])
    def test_pages_of_several_symbols_in_either_order(self, client: Client, query) -> None:
        newest = pages(client, "/api/prices/", query, 3)
        for limit in (1, 2, 3, 100):
            assert pages(client, "/api/prices/", query | {"order": "asc"}, limit) == newest[::-1]

    @pytest.mark.parametrize("interval", ["1s", "1m", "5m", "1h", "1d", "1w", "1M"])
    def test_candles_with_years_between_them(self, client: Client, interval: str) -> None:
        query = {"symbol": "BTCUSDT", "interval": interval}
        found = lines(client.get("/api/candles/", query | {"format": "jsonl"}))
        assert found == pages(client, "/api/candles/", query, 1000)[::-1]

    def test_candles_within_a_range(self, client: Client) -> None:
        for first, last in ((0, 60), (1, 61), (60, 120), (0, 3_001), (0, 40_000_060)):
            bounds = {
                "from": (START + timedelta(seconds=first)).isoformat(),
                "to": (START + timedelta(seconds=last)).isoformat(),
            }
            query = {"symbol": "BTCUSDT", **bounds}
            found = lines(client.get("/api/candles/", query | {"format": "jsonl"}))
            assert found == pages(client, "/api/candles/", query, 1000)[::-1]


class TestPlaces:
    @pytest.fixture
    def places(self, monkeypatch: pytest.MonkeyPatch) -> Places:
        places = Places(streams=1)
        monkeypatch.setattr(row_streams, "PLACES", places)
        return places

    def test_there_are_only_so_many_at_a_time(self, client: Client, places) -> None:
        first = client.get("/api/prices/", CSV)
        second = client.get("/api/prices/", CSV)
        assert (second.status_code, second["Retry-After"]) == (503, "5")
        assert text(first)
        assert text(client.get("/api/prices/", CSV))

    def test_no_other_request_takes_one(self, client: Client, places) -> None:
        for _ in range(3):
            assert client.head("/api/prices/", CSV).status_code == 200
            assert client.get("/api/prices/", {"symbol": "XRPUSDT", **CSV}).status_code == 404
            assert client.get("/api/prices/").status_code == 200
        assert places.take("127.0.0.1") is not None

    def test_one_that_fails_at_once_gives_it_back(self, client: Client, places, monkeypatch):
        def away(self: object) -> Iterator[bytes]:
            raise OperationalError("gone")
            yield b""

        monkeypatch.setattr(row_streams.Rows, "pieces", away)
        assert client.get("/api/prices/", CSV).status_code == 503
        assert places.take("127.0.0.1") is not None


def test_a_part_is_one_short_query(client: Client, django_assert_num_queries) -> None:
    # The symbol, twice; five parts of ten ticks, and one that is empty.
    with django_assert_num_queries(8):
        text(client.get("/api/prices/", {"symbol": "BTCUSDT", **CSV}))
