"""What a stream connection answers to control frames."""

import json

import pytest

from replay.streams import MAX_STREAMS, Session


def ask(session, **request):
    return json.loads(session.answer(json.dumps(request)))


def test_streams_are_subscribed_listed_and_unsubscribed():
    session = Session(combined=False)
    names = ["btcusdt@aggTrade", "ethusdt@aggTrade"]
    assert ask(session, method="SUBSCRIBE", params=names, id=1) == {"result": None, "id": 1}
    assert ask(session, method="LIST_SUBSCRIPTIONS", id=3) == {"result": names, "id": 3}
    assert session.symbols() == ["BTCUSDT", "ETHUSDT"]
    reply = ask(session, method="UNSUBSCRIBE", params=names[:1], id=2)
    assert reply == {"result": None, "id": 2}
    assert session.symbols() == ["ETHUSDT"]


def test_a_name_in_upper_case_is_accepted_and_stays_silent():
    session = Session(combined=False)
    assert ask(session, method="SUBSCRIBE", params=["BTCUSDT@aggTrade"], id=1)["result"] is None
    assert session.symbols() == []


@pytest.mark.parametrize(
    "name",
    [
        "btcusdt@trade",
        "btcusdt@miniTicker",
        "btcusdt@kline_1m",
        "btcusdt@kline_1d@+08:00",
        "btcusdt@depth20@100ms",
        "btcusdt@ticker_4h",
        "!miniTicker@arr",
    ],
)
def test_unserved_streams_are_accepted_and_stay_silent(name):
    session = Session(combined=True)
    assert session.open([name]) is None
    assert ask(session, method="LIST_SUBSCRIPTIONS", id=1)["result"] == [name]
    assert session.symbols() == []


@pytest.mark.parametrize(
    "name", ["btcusdt", "btcusdt@", "btcusdt@aggtrade", "btcusdt@kline_7m", "@aggTrade", "", 5]
)
def test_a_malformed_name_is_an_error_and_nothing_is_subscribed(name):
    session = Session(combined=False)
    reply = ask(session, method="SUBSCRIBE", params=["btcusdt@aggTrade", name], id=7)
    assert reply == {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": 7}
    assert session.symbols() == []


def test_a_malformed_name_in_the_url_is_an_error_without_an_id():
    complaint = Session(combined=False).open(["btcusdt@nothing"])
    expected = {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": None}
    assert json.loads(complaint) == expected


def test_there_is_a_limit_to_the_streams_of_a_connection():
    session = Session(combined=False)
    names = [f"x{number}@aggTrade" for number in range(MAX_STREAMS)]
    assert ask(session, method="SUBSCRIBE", params=names, id=1)["result"] is None
    reply = ask(session, method="SUBSCRIBE", params=["one@aggTrade"], id=2)
    assert reply == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 2}
    assert len(session.symbols()) == MAX_STREAMS


@pytest.mark.parametrize("request_id", [0, -5, 2**63 - 1, None, "a1", "x" * 36])
def test_the_id_comes_back(request_id):
    reply = ask(Session(combined=False), method="LIST_SUBSCRIPTIONS", id=request_id)
    assert reply == {"result": [], "id": request_id}


def test_a_request_without_an_id_is_answered_with_null():
    assert ask(Session(combined=False), method="LIST_SUBSCRIPTIONS") == {"result": [], "id": None}


@pytest.mark.parametrize("request_id", [2**63, 1.5, True, "x" * 37, "", [1]])
def test_a_bad_id_is_an_error(request_id):
    reply = ask(Session(combined=False), method="LIST_SUBSCRIPTIONS", id=request_id)
    text = "Invalid request: request ID must be an unsigned integer"
    assert reply == {"error": {"code": 2, "msg": text}, "id": None}


@pytest.mark.parametrize(
    ("text", "code", "beginning"),
    [
        ("{", 3, "Invalid JSON: expected value at line 1 column 2"),
        ("hello", 3, "Invalid JSON: expected value at line 1 column 1"),
        ('{"id":1}', 2, "Invalid request: missing field `method` at line 1 column 8"),
        ("[]", 2, "Invalid request: missing field `method`"),
        (
            '{"method":"JUMP","id":1}',
            2,
            "Invalid request: unknown variant `JUMP`, expected one of `SUBSCRIBE`, ",
        ),
        ('{"method":"SUBSCRIBE","params":"a@trade","id":1}', 2, "Invalid request: "),
    ],
)
def test_bad_requests_get_the_exchange_s_errors(text, code, beginning):
    error = json.loads(Session(combined=False).answer(text))["error"]
    assert error["code"] == code
    assert error["msg"].startswith(beginning)
