"""What the judge notes about clients."""

import json

import pytest
import websocket

from replay.conformance import Judge
from replay.limits import Limits
from tests.support.clients import connected, farewell, fetch
from tests.support.local_exchange import local_exchange
from tests.support.recorders import eventually
from tests.support.stepped import fault

HOME = "127.0.0.1"
MIDNIGHT = 1_723_161_600.0  # seconds of the epoch, on a whole minute


@pytest.fixture
def judge() -> Judge:
    return Judge(Limits(connections=3, weight=10))


def test_a_client_that_does_nothing_wrong_is_not_blamed(judge):
    for now in range(0, 1000, 100):
        judge.connect(HOME, now)
        judge.frames(HOME, 5)
        judge.request(HOME, 10, MIDNIGHT + 60 * now)
    judge.told_to_wait(HOME, 30, MIDNIGHT + 100_000)
    judge.request(HOME, 1, MIDNIGHT + 100_030)
    assert judge.violations() == []


def test_connects_are_counted_in_any_five_minutes(judge):
    for now in (0, 100, 200, 299, 300, 301):
        judge.connect(HOME, now)
    assert judge.report()["connects"] == 6
    assert judge.report()["most_connects_in_5_minutes"] == 5
    (violation,) = judge.violations()
    assert violation == "127.0.0.1 connected more than 3 times in 5 minutes, 3 times."


def test_frames_are_counted_by_the_second(judge):
    for in_a_second in (4, 5, 6, 2):
        judge.frames(HOME, in_a_second)
    assert judge.report()["most_frames_in_a_second"] == 6
    assert judge.violations() == ["127.0.0.1 sent more than 5 frames in a second."]


def test_a_ping_that_was_not_answered_is_a_violation(judge):
    judge.left_unanswered(HOME)
    assert judge.violations() == ["127.0.0.1 left a ping unanswered for 60 seconds."]


def test_weight_is_counted_by_the_minute_on_the_wall(judge):
    for weight, now in ((6, 58), (4, 59), (8, 60)):
        judge.request(HOME, weight, MIDNIGHT + now)
    report = judge.report()
    assert (report["requests"], report["weight"], report["most_weight_in_a_minute"]) == (3, 18, 10)
    assert judge.violations() == []
    judge.request(HOME, 3, MIDNIGHT + 61)
    assert judge.violations() == ["127.0.0.1 used more than 10 request weight in a minute."]


def test_whoever_was_told_to_wait_must(judge):
    judge.told_to_wait(HOME, 30, MIDNIGHT)
    judge.told_to_wait(HOME, 5, MIDNIGHT + 1)  # the longer one holds
    judge.request(HOME, 1, MIDNIGHT + 29.9)
    assert judge.violations() == ["127.0.0.1 sent a request before Retry-After was over."]
    judge.request(HOME, 1, MIDNIGHT + 30)
    assert judge.violations() == ["127.0.0.1 sent a request before Retry-After was over."]


def test_each_address_is_judged_alone(judge):
    for address in (HOME, "127.0.0.2"):
        for now in (1, 2, 3):
            judge.connect(address, now)
    assert judge.violations() == []
    assert judge.report()["most_connects_in_5_minutes"] == 3
    judge.connect("127.0.0.2", 4)
    assert judge.violations() == ["127.0.0.2 connected more than 3 times in 5 minutes."]


def test_asking_for_the_report_is_not_in_the_report():
    with local_exchange(limits=Limits(client_frames=2)) as exchange:
        exchange.exchange.faults.add(close := fault("close"))
        assert fetch(f"{exchange.rest_url}/judge").json()["faults"] == {}
        with connected(f"{exchange.ws_url}/ws") as connection:
            assert farewell(connection) == (1001, "")
        report = fetch(f"{exchange.rest_url}/judge").json()
    assert report == {
        "connects": 1,
        "most_connects_in_5_minutes": 1,
        "most_frames_in_a_second": 0,
        "requests": 0,
        "weight": 0,
        "most_weight_in_a_minute": 0,
        "violations": [],
        "faults": {close.name: 1},
    }


# --- over the wire -------------------------------------------------------------------------------


def test_broken_limits_are_seen_on_the_wire():
    limits = Limits(client_frames=2, connections=3, ping_interval=0.05, pong_timeout=0.1)
    with local_exchange(limits=limits) as exchange:
        url = f"{exchange.ws_url}/ws"
        judge = exchange.exchange.judge
        with connected(url) as connection:
            for number in range(3):
                connection.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
            assert farewell(connection) == (1008, "Too many requests")
        assert judge.violations() == ["127.0.0.1 sent more than 2 frames in a second."]
        with connected(url) as connection:
            assert farewell(connection) == (1008, "Pong timeout")
        assert judge.violations()[1:] == ["127.0.0.1 left a ping unanswered for 0.1 seconds."]
        with connected(url), pytest.raises(websocket.WebSocketBadStatusException, match="429"):
            websocket.create_connection(url)
        assert judge.violations()[2:] == ["127.0.0.1 connected more than 3 times in 5 minutes."]
        assert judge.report()["most_frames_in_a_second"] == 3


def test_refused_connections_count():
    with local_exchange(limits=Limits(connections=1)) as exchange:
        exchange.exchange.faults.add(fault("refuse", status=503))
        for _ in range(2):
            with pytest.raises(websocket.WebSocketBadStatusException):
                websocket.create_connection(f"{exchange.ws_url}/ws")
        assert exchange.exchange.judge.report()["connects"] == 2


def test_swallowed_pings_are_not_held_against_the_client():
    limits = Limits(ping_interval=0.02, pong_timeout=0.1, client_frames=1000)
    with local_exchange(limits=limits) as exchange, connected(f"{exchange.ws_url}/ws") as lost:
        exchange.exchange.faults.add(fault("half-open"), now=True)
        eventually(lambda: exchange.exchange.faults.played())
        # Another client tasks through more than the time that the first would have had.
        with connected(f"{exchange.ws_url}/ws") as connection:
            for _ in range(10):
                connection.recv_data(control_frame=True)
        exchange.exchange.faults.clear()
        assert lost.connected
        assert exchange.exchange.judge.violations() == []


def test_requests_beyond_the_limits_are_seen_on_the_wire():
    with local_exchange(limits=Limits(weight=30)) as exchange:
        exchange.exchange.wall = lambda: MIDNIGHT + 15
        url = f"{exchange.rest_url}/api/v3/exchangeInfo"
        statuses = [fetch(url).status for _ in range(2)]
        assert statuses == [200, 429]
        beyond = "127.0.0.1 used more than 30 request weight in a minute"
        assert exchange.exchange.judge.violations() == [f"{beyond}."]
        fetch(url)
        assert exchange.exchange.judge.violations() == [
            f"{beyond}, 2 times.",
            "127.0.0.1 sent a request before Retry-After was over.",
        ]
