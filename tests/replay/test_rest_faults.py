"""REST that fails, over real sockets: what a client gets to see, and what the judge notes of it."""

import json
from collections.abc import Iterator
from random import Random

import pytest
import urllib3

from replay.faults import catalogue
from replay.faults.fault import Fault
from replay.faults.rest_catalogue import REST
from tests.support.local_exchange import BTC, ETH, Running, local_exchange

TIMEOUT = 10  # seconds: only a broken exchange takes that long

CANDLES = "klines?symbol=BTCUSDT&interval=1m"


@pytest.fixture
def exchange() -> Iterator[Running]:
    with local_exchange(BTC, ETH) as running:
        yield running


def fetch(
    exchange: Running, path: str = CANDLES, timeout: float = TIMEOUT
) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
        return pool.request("GET", f"{exchange.rest_url}/api/v3/{path}")


def play(exchange: Running, name: str, **about) -> None:
    """From now on. The options' names are spelled with _ for -."""
    common = {key: about.pop(key) for key in ("seconds", "count", "symbol") if key in about}
    options = {key.replace("_", "-"): str(value) for key, value in about.items()}
    fault = Fault(name=name, options=options, **common)
    catalogue.check(fault)
    exchange.exchange.faults.add(fault, now=True)


def statuses(exchange: Running, requests: int) -> list[int]:
    return [fetch(exchange).status for _ in range(requests)]


# --- How long, and whom --------------------------------------------------------------------------


def test_a_fault_without_an_end_spoils_so_many_answers(exchange):
    play(exchange, "rest-status", status=503, count=2)
    assert statuses(exchange, 4) == [503, 503, 200, 200]


def test_one_is_spoiled_unless_more_are_asked_for(exchange):
    play(exchange, "rest-status", status=502)
    assert statuses(exchange, 3) == [502, 200, 200]


def test_a_fault_with_an_end_spoils_every_answer_until_then(exchange):
    play(exchange, "rest-status", status=503, seconds=1000)
    assert statuses(exchange, 5) == [503] * 5
    exchange.exchange.faults.clear()
    assert statuses(exchange, 1) == [200]


def test_a_fault_may_hit_one_symbol(exchange):
    play(exchange, "rest-status", status=503, seconds=1000, symbol="ETHUSDT")
    assert fetch(exchange, "klines?symbol=ETHUSDT&interval=1m").status == 503
    assert fetch(exchange, CANDLES).status == 200
    assert fetch(exchange, "ping").status == 200


# --- Each fault ----------------------------------------------------------------------------------


def test_a_request_is_cut_off_without_an_answer(exchange):
    play(exchange, "rest-down")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        fetch(exchange)
    assert fetch(exchange).status == 200


def test_an_answer_takes_its_time(exchange):
    play(exchange, "rest-slow", delay=1000)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        fetch(exchange, timeout=0.3)
    play(exchange, "rest-slow", delay=0.05)
    assert [len(candle) for candle in fetch(exchange).json()] == [12]


@pytest.mark.parametrize(
    ("status", "code"),
    [(451, 0), (429, -1003), (418, -1003), (500, -1000)],
)
def test_errors_of_the_exchange_are_json_with_its_codes(exchange, status, code):
    play(exchange, "rest-status", status=status)
    answer = fetch(exchange)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_errors_of_a_gateway_are_html_unless_json_is_asked_for(exchange, status):
    play(exchange, "rest-status", status=status)
    page = fetch(exchange)
    assert (page.status, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page.data.startswith(f"<html>\n<head><title>{status} ".encode())
    play(exchange, "rest-status", status=status, body="json")
    assert fetch(exchange).json()["code"] < -1000


def test_the_firewall_answers_in_html_and_counts_no_weight(exchange):
    play(exchange, "rest-status", status=403)
    answer = fetch(exchange)
    assert answer.status == 403
    assert b"The request could not be satisfied" in answer.data
    assert "X-MBX-USED-WEIGHT-1M" not in answer.headers
    assert fetch(exchange).headers["X-MBX-USED-WEIGHT-1M"] == "2"


def test_a_failing_exchange_counts_weight(exchange):
    play(exchange, "rest-status", status=503)
    assert fetch(exchange).headers["X-MBX-USED-WEIGHT-1M"] == "2"


def test_a_page_of_html_comes_with_status_200(exchange):
    play(exchange, "rest-html")
    answer = fetch(exchange)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<h1>Sign in</h1>" in answer.data


def test_json_is_cut_in_the_middle(exchange):
    whole = fetch(exchange, "exchangeInfo").data
    play(exchange, "rest-truncate")
    cut = fetch(exchange, "exchangeInfo")
    assert cut.status == 200
    assert 0 < len(cut.data) < len(whole)
    with pytest.raises(json.JSONDecodeError):
        cut.json()


def test_a_ban_says_when_it_ends(exchange):
    exchange.exchange.wall = lambda: 1_800_000_000.0
    play(exchange, "rest-status", status=418, retry_after=7)
    assert "IP banned until 1800000007000." in fetch(exchange).json()["msg"]


@pytest.mark.parametrize("path", ["ping", "aggTrades?symbol=BTCUSDT&fromId=9999999999"])
def test_even_an_empty_answer_is_cut_to_nonsense(exchange, path):
    play(exchange, "rest-truncate")
    with pytest.raises(json.JSONDecodeError):
        fetch(exchange, path).json()


def test_what_is_told_may_be_bent(exchange):
    def told():
        return [row["f"] for row in fetch(exchange, "aggTrades?symbol=BTCUSDT").json()]

    first = told()  # nobody listens yet, so the clock still stands at the first tick
    play(exchange, "tombstones", every=1)
    assert told() == [*first, -1]


def test_a_symbol_may_pause(exchange):
    play(exchange, "status", status="HALT", symbol="BTCUSDT")
    (symbol,) = fetch(exchange, "exchangeInfo?symbol=BTCUSDT").json()["symbols"]
    assert symbol["status"] == "HALT"


# --- The judge -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 418])
def test_who_asks_before_retry_after_is_over_breaks_a_rule(exchange, status):
    play(exchange, "rest-status", status=status, retry_after=60)
    answer = fetch(exchange)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "60")
    assert exchange.exchange.judge.violations() == []
    fetch(exchange)
    (violation,) = exchange.exchange.judge.violations()
    assert "Retry-After" in violation


def test_who_waits_for_as_long_as_it_was_told_breaks_none(exchange):
    now = 1_800_000_000.0
    exchange.exchange.wall = lambda: now
    play(exchange, "rest-status", status=429, retry_after=3)
    assert fetch(exchange).headers["Retry-After"] == "3"
    now += 3
    assert fetch(exchange).status == 200
    assert exchange.exchange.judge.violations() == []


def test_a_refusal_for_too_much_weight_is_a_retry_after_as_well(exchange):
    exchange.exchange.weights_of("127.0.0.1").spend(6000, exchange.exchange.wall())
    assert fetch(exchange).status == 429
    fetch(exchange)
    assert any("Retry-After" in violation for violation in exchange.exchange.judge.violations())


def test_requests_and_their_weight_are_noted_answered_or_not(exchange):
    fetch(exchange)
    play(exchange, "rest-down")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        fetch(exchange, "trades?symbol=BTCUSDT")
    report = exchange.exchange.judge.report()
    assert (report["requests"], report["weight"]) == (2, 27)
    assert report["faults"] == {"rest-down": 1}


# --- The catalogue -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, entry in REST.items() if entry.draw])
def test_whatever_a_storm_draws_is_sound(name):
    for seed in range(50):
        catalogue.check(Fault(name=name, options=REST[name].draw(Random(seed))))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rest-status", {}),
        ("rest-status", {"status": "200"}),
        ("rest-status", {"status": "429", "retry-after": "soon"}),
        ("rest-slow", {"delay": "-1"}),
        ("rest-stale", {}),
        ("rest-omit", {"first": "1"}),
        ("rest-retention", {"first": "x"}),
        ("tombstones", {"every": "0"}),
        ("twice", {"every": "1"}),  # all of them would bear one id
        ("time-back", {}),
        ("status", {"status": "OPEN"}),
        ("rest-down", {"colour": "red"}),
    ],
)
def test_nonsense_is_refused(name, options):
    with pytest.raises(catalogue.FaultError):
        catalogue.check(Fault(name=name, options=options))
