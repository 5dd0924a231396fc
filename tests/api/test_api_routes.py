"""Every route of the API, found by Django's resolver, asked in every way: no 500, and errors in
JSON.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

pytestmark = pytest.mark.django_db

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"]
SUFFIXES = [".json", ".api", ".xml", ".json/", ".events", ".csv"]
FORMATS = ["json", "api", "xml", "", "events", "csv", "\0", "é"]
ACCEPTED = ["application/json", "text/html", "application/xml", "text/event-stream", ";;", "*", ""]

# Where something is asked by a body.
POSTED = {"/api/prices/at/"}

NONSENSE = ["BTC\0USDT", "9" * 5000, "-1", "1e400", "é", "%", ""]
PARAMETERS = ["symbol", "timestamp", "from", "to", "limit", "cursor", "interval", "status"]
PARAMETERS += ["include", "symbols", "candles", "lang", "version", "nothing"]


def routes(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").replace("\\Z", "")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            assert isinstance(pattern, URLPattern)
            yield path


PATHS = list(routes(get_resolver("prices.api.urls")))


@pytest.fixture
def ask():
    """Ask as a browser on the network would: an exception becomes a 500."""
    client = Client(raise_request_exception=False)

    def ask(path: str, method: str = "GET", **headers: str) -> int:
        answer = client.generic(method, path, headers=headers)
        kind = answer.headers.get("Content-Type", "")
        assert answer.status_code < 500 or answer.status_code == 501, (method, path, headers)
        if answer.status_code >= 400 and "api" not in path.partition("?")[2]:
            assert kind == "application/json", (method, path, headers, kind)
            assert method == "HEAD" or json.loads(answer.content), (method, path)
        return answer.status_code

    return ask


def test_the_routes_are_those_of_the_contract() -> None:
    assert {"/latest", "/minmax", "/metrics", "/api/", "/api/prices/", "/api/docs/"} <= set(PATHS)
    assert {"/api/prices/latest/", "/api/symbols/", "/api/events/", "/health"} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS)
class TestEveryRoute:
    def test_answers_every_method(self, ask, path) -> None:
        for method in METHODS:
            status = ask(path, method)
            allowed = {"POST", "OPTIONS"} if path in POSTED else {"GET", "HEAD", "OPTIONS"}
            if method not in allowed:
                assert status == 405, method

    def test_has_no_suffix_for_a_format(self, ask, path) -> None:
        for suffix in SUFFIXES:
            for method in ["GET", "HEAD", "OPTIONS", "POST"]:
                assert ask(path.rstrip("/") + suffix, method) == 404, suffix

    def test_answers_every_format(self, ask, path) -> None:
        for name in FORMATS:
            for method in ["GET", "HEAD", "OPTIONS", "POST"]:
                ask(f"{path}?format={quoted(name)}", method)

    def test_answers_whatever_is_accepted(self, ask, path) -> None:
        for accepted in ACCEPTED:
            if accepted != "text/html":
                ask(path, accept=accepted)
                ask(path, "POST", accept=accepted)
            ask(f"{path}?format=api", accept=accepted)

    def test_answers_nonsense(self, ask, path) -> None:
        # The schema takes long to write, and knows few parameters.
        for name in PARAMETERS if path != "/api/schema/" else ["lang", "version"]:
            for value in NONSENSE:
                ask(f"{path}?symbol=BTCUSDT&timestamp=1751531436&{name}={quoted(value)}")
        for query in [
            "%",
            "%zz",
            "%ff%fe",
            "symbol=%ed%a0%80",
            "symbol=a&symbol=b",
            "&&==",
            "a[]=1",
        ]:
            ask(f"{path}?{query}")

    def test_refuses_a_foreign_host_in_json(self, ask, path) -> None:
        assert ask(path, host="foreign.example") == 400

    def test_is_not_found_with_too_many_slashes(self, ask, path) -> None:
        assert ask(path.rstrip("/") + "//") == 404
        assert ask(path.rstrip("/") + "/%00") == 404


def quoted(text: str) -> str:
    return quote(text, errors="surrogatepass")


@pytest.mark.parametrize("path", ["/api/nothing", "/api/nothing/", "/api/prices/1/", "/api/%ff"])
def test_no_route_is_told_in_json(ask, path) -> None:
    assert ask(path) == 404


def test_a_page_that_is_not_found_stays_a_page(client) -> None:
    assert client.get("/nothing")["Content-Type"].startswith("text/html")
