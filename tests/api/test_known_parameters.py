"""What an endpoint does not know it refuses, and says what is near; names that are natural work."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver

from prices.api.known_parameters import names, nearest
from tests.api.test_api_routes import POSTED, routes
from tests.support.tapes import open_tape, tick

pytestmark = pytest.mark.django_db

PATHS = [path for path in routes(get_resolver("prices.api.urls")) if path not in POSTED]

# What each path needs to be answered with 200.
NEEDS = {
    "/price-at-second": {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36"},
    "/minmax": {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36"},
    "/api/prices/price-at-second/": {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36"},
    "/api/prices/minmax/": {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36"},
    "/api/candles/": {"symbol": "BTCUSDT"},
}


@pytest.fixture(autouse=True)
def tape() -> Iterator[None]:
    with open_tape("BTCUSDT", "ETHUSDT", "XRPUSDT") as tape:
        tape.store([tick(1, 0), tick(5, 60), tick(6, 70)])
        tape.store([tick(1, 1, symbol="ETHUSDT"), tick(3, 61, symbol="ETHUSDT")])
        tape.store([tick(1, 2, symbol="XRPUSDT")])
        yield


@pytest.mark.parametrize("path", PATHS)
class TestEveryPath:
    def test_an_unknown_parameter_is_refused(self, client: Client, path: str) -> None:
        for name in ["nothing", "startTime", "includes", "Symbol", "", "%", "é", "symbol[]"]:
            answer = client.get(path, NEEDS.get(path, {}) | {name: "BTCUSDT"})
            assert answer.status_code == 400, name
            assert list(answer.json()) == [name]
            assert "Unknown parameter." in answer.json()[name][0]
            assert "format" in answer.json()[name][0]

    def test_each_unknown_one_is_named(self, client: Client, path: str) -> None:
        answer = client.get(path, NEEDS.get(path, {}) | {"one": "1", "two": ""})
        assert (answer.status_code, sorted(answer.json())) == (400, ["one", "two"])

    def test_head_refuses_as_well(self, client: Client, path: str) -> None:
        assert client.head(path, NEEDS.get(path, {}) | {"nothing": "1"}).status_code == 400

    def test_options_does_not(self, client: Client, path: str) -> None:
        assert client.options(f"{path}?nothing=1").status_code in (200, 405)

    def test_a_method_that_is_not_allowed_stays_so(self, client: Client, path: str) -> None:
        assert client.delete(f"{path}?nothing=1").status_code == 405

    def test_the_format_is_known(self, client: Client, path: str) -> None:
        answer = client.get(path, NEEDS.get(path, {}) | {"format": "nothing"})
        assert (answer.status_code, list(answer.json())) == (400, ["format"])
        known = answer.json()["format"][0].removeprefix("Must be ").removesuffix(".")
        for name in known.replace(" or ", ", ").split(", "):
            if path == "/api/events/":
                assert client.head(path, {"format": name}).status_code in (200, 501)
            else:
                answer = client.get(path, NEEDS.get(path, {}) | {"format": name})
                assert answer.status_code == 200, name

    def test_an_empty_or_repeated_format_is_refused(self, client: Client, path: str) -> None:
        for query in ("format=", "format=json&format=json"):
            answer = client.get(f"{path}?{query}")
            assert (answer.status_code, list(answer.json())) == (400, ["format"]), query


@pytest.mark.parametrize(
    ("path", "name", "near"),
    [
        ("/latest", "includes", "include"),
        ("/latest", "pair", "symbol"),
        ("/latest", "SYMBOLS", "symbols"),
        ("/price-at-second", "time", "timestamp"),
        ("/minmax", "timestmp", "timestamp"),
        ("/api/prices/", "start", "from"),
        ("/api/prices/", "end", "to"),
        ("/api/prices/", "page_size", "limit"),
        ("/api/candles/", "startTime", "from"),
        ("/api/candles/", "timeframe", "interval"),
        ("/api/gaps/", "state", "status"),
        ("/api/events/", "candle", "candles"),
        ("/metrics", "formats", "format"),
    ],
)
def test_the_nearest_one_is_named(client: Client, path: str, name: str, near: str) -> None:
    answer = client.get(path, NEEDS.get(path, {}) | {name: "1"})
    assert f"Did you mean {near}?" in answer.json()[name][0]


@pytest.mark.parametrize("path", sorted(POSTED))
def test_what_is_posted_to_knows_its_parameters(client: Client, path: str) -> None:
    answer = client.post(f"{path}?maxage=1", [], content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["maxage"])
    assert "Did you mean max_age?" in answer.json()["maxage"][0]


def test_nothing_is_named_where_nothing_is_near() -> None:
    assert nearest("zzz", names()) is None


class TestSymbolAndSymbols:
    @pytest.mark.parametrize("path", ["/latest", "/api/prices/latest/", "/api/symbols/"])
    def test_several_by_name(self, client: Client, path: str) -> None:
        rows = client.get(path, {"symbols": "xrpusdt,BTCUSDT"}).json()
        assert [row["symbol"] for row in rows] == ["BTCUSDT", "XRPUSDT"]
        rows = client.get(path, {"symbols": "XRPUSDT"}).json()
        assert [row["symbol"] for row in rows] == ["XRPUSDT"]

    @pytest.mark.parametrize("path", ["/api/prices/", "/api/gaps/"])
    def test_lists_of_several(self, client: Client, path: str) -> None:
        found = client.get(path, {"symbols": "ethusdt,BTCUSDT"}).json()["results"]
        assert {row["symbol"] for row in found} == {"BTCUSDT", "ETHUSDT"}
        found = client.get(path, {"symbols": "ETHUSDT"}).json()["results"]
        assert {row["symbol"] for row in found} == {"ETHUSDT"}

    @pytest.mark.parametrize("path", list(NEEDS))
    def test_where_one_is_asked_for_symbols_may_name_it(self, client: Client, path: str) -> None:
        one = client.get(path, NEEDS[path])
        query = {"symbols" if name == "symbol" else name: v for name, v in NEEDS[path].items()}
        other = client.get(path, query)
        assert (other.status_code, other.content) == (200, one.content)
        answer = client.get(path, query | {"symbols": "BTCUSDT,ETHUSDT"})
        assert (answer.status_code, list(answer.json())) == (400, ["symbols"])

    def test_a_missing_one_is_still_called_symbol(self, client: Client) -> None:
        assert list(client.get("/api/candles/").json()) == ["symbol"]

    @pytest.mark.parametrize("path", ["/latest", "/api/prices/", "/api/events/", *NEEDS])
    def test_both_are_refused(self, client: Client, path: str) -> None:
        query = {**NEEDS.get(path, {}), "symbol": "BTCUSDT", "symbols": "ETHUSDT"}
        answer = client.get(path, query)
        # Live push needs another server than a test's.
        if path != "/api/events/":
            assert (answer.status_code, list(answer.json())) == (400, ["symbols"])

    @pytest.mark.parametrize("path", ["/latest", "/api/symbols/", "/api/prices/", "/api/gaps/"])
    def test_one_that_was_never_recorded_is_not_found(self, client: Client, path: str) -> None:
        answer = client.get(path, {"symbols": "BTCUSDT,DOGEUSDT"})
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("DOGEUSDT has no recorded price.")

    @pytest.mark.parametrize("path", ["/latest", "/api/symbols/", "/api/prices/", "/api/gaps/"])
    def test_no_name_is_not_all_symbols(self, client: Client, path: str) -> None:
        for empty in ("", ",", "BTCUSDT,"):
            answer = client.get(path, {"symbols": empty})
            assert (answer.status_code, list(answer.json())) == (400, ["symbols"])


class TestSpellingOfSymbols:
    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/latest", "symbol"),
            ("/latest", "symbols"),
            ("/minmax", "symbol"),
            ("/api/prices/", "symbol"),
            ("/api/candles/", "symbol"),
            ("/api/symbols/", "symbol"),
            ("/api/gaps/", "symbols"),
        ],
    )
    @pytest.mark.parametrize(
        ("written", "status"),
        [
            ("BTC/USDT", 400),
            ("btc/usdt", 400),
            ("BTC USDT", 400),
            ("BTC:USDT", 400),
            ("BTC-USDT", 404),
            ("BTC_USDT", 404),
            ("btc.usdt", 404),
        ],
    )
    def test_is_put_right(
        self, client: Client, path: str, name: str, written: str, status: int
    ) -> None:
        query = {key: v for key, v in NEEDS.get(path, {}).items() if key != "symbol"}
        answer = client.get(path, {**query, name: written})
        assert answer.status_code == status
        assert "Did you mean BTCUSDT?" in answer.content.decode()

    def test_a_recorded_one_with_a_hyphen_is_found(self, client: Client) -> None:
        with open_tape("BTC-USDT") as tape:
            tape.store([tick(1, 0, "7", symbol="BTC-USDT")])
        assert client.get("/latest", {"symbol": "BTC-USDT"}).json()["price"] == "7"

    def test_nothing_is_guessed_of_nonsense(self, client: Client) -> None:
        for symbol in ("B'; --", "//", "-", "BTC/", "a/b/c"):
            assert "Did you mean" not in client.get("/latest", {"symbol": symbol}).content.decode()


class TestSlashes:
    @pytest.mark.parametrize(
        ("path", "right"),
        [
            ("/latest/", "/latest"),
            ("//latest", "/latest"),
            ("/Latest", "/latest"),
            ("/minmax//", "/minmax"),
            ("/health/", "/health"),
            ("/metrics/", "/metrics"),
            ("/api/prices//", "/api/prices/"),
            ("/API/Prices/", "/api/prices/"),
        ],
    )
    def test_the_path_that_exists_is_named(self, client: Client, path: str, right: str) -> None:
        answer = client.generic("GET", "/", PATH_INFO=path)
        assert answer.status_code == 404
        assert answer.json() == {"detail": f"Not found. Did you mean {right}?"}

    @pytest.mark.parametrize("path", ["/api", "/api/prices", "/api/prices/latest", "/api/docs"])
    def test_one_too_few_leads_on(self, client: Client, path: str) -> None:
        answer = client.get(path, {"symbol": "BTCUSDT"})
        assert (answer.status_code, answer["Location"]) == (301, f"{path}/?symbol=BTCUSDT")

    @pytest.mark.parametrize("path", ["/api/prices", "/api/prices/latest"])
    def test_what_is_posted_is_not_lost_on_the_way(self, client: Client, settings, path) -> None:
        answer = client.post(path, {"a": 1})
        assert answer.status_code == 404
        assert answer.json() == {"detail": f"Not found. Did you mean {path}/?"}

    def test_what_has_no_near_path_is_not_found(self, client: Client) -> None:
        assert client.get("/api/nothing/").json() == {"detail": "Not found."}
