"""Faults on streams, as they come over the wire to a plain client."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
import websocket
from websocket import ABNF

from replay.faults.entry import FaultError
from replay.faults.frame_faults import GARBAGE
from replay.limits import Limits
from tests.support.clients import connected, farewell, fetch, ids, is_quiet, receive
from tests.support.local_exchange import BTC, ETH, agg_trades
from tests.support.stepped import ROWS, Stepped, stepped_exchange

ETH_ROWS = agg_trades(ETH)
IDS = ids(ROWS)
AT_ONCE = [n for n, (row, after) in enumerate(pairwise(ROWS)) if row["T"] < after["T"]]
# Rows that are alone at their instant or the last of it, so that a clock can stop after them.
TENTH, TWENTIETH = AT_ONCE[9], AT_ONCE[19]


@pytest.fixture
def exchange() -> Iterator[Stepped]:
    with stepped_exchange() as exchange:
        yield exchange


def everything(connection: websocket.WebSocket) -> bytes:
    """All bytes until the connection is reset."""
    received = b""
    while True:
        try:
            received += connection.sock.recv(65536)
        except ConnectionResetError:
            return received


# --- how a connection ends -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (1001, "")),
        ({"code": 1008, "reason": "Pong timeout"}, (1008, "Pong timeout")),
    ],
)
def test_a_close_has_its_code_and_reason(exchange, options, expected):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("close", **options)
        assert farewell(connection) == expected


def test_a_reset_is_no_goodbye(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("reset")
        assert everything(connection) == b""


def test_a_fin_is_the_end_without_a_close_frame(exchange):
    with connected(exchange.url) as connection:
        exchange.tell(TENTH)
        receive(connection, TENTH + 1)
        exchange.goes_wrong("fin")
        assert connection.sock.recv(1) == b""


def test_no_tick_comes_after_the_end(exchange):
    with connected(exchange.url) as connection:
        exchange.tell(TENTH)
        receive(connection, TENTH + 1)
        exchange.until_looked()
        exchange.goes_wrong("close")
        exchange.tell(TWENTIETH)
        assert connection.recv_frame().opcode == ABNF.OPCODE_CLOSE


def test_whoever_connects_after_the_end_is_served(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("close")
        farewell(connection)
    with connected(exchange.url) as connection:
        exchange.tell(TENTH)
        assert ids(receive(connection, TENTH + 1)) == IDS[: TENTH + 1]


def test_only_those_who_listen_to_its_symbol_are_hit():
    with stepped_exchange(BTC, ETH) as exchange:
        ether = f"{exchange.ws_url}/ws/ethusdt@aggTrade"
        with connected(exchange.url) as connection, connected(ether) as other:
            exchange.goes_wrong("close", symbol="ETHUSDT")
            assert farewell(other) == (1001, "")
            assert is_quiet(connection)


def test_a_fault_waits_for_somebody_whom_it_hits(exchange):
    exchange.goes_wrong("close", code=1011)
    with connected(f"{exchange.ws_url}/ws") as connection:
        assert farewell(connection) == (1011, "")
    assert exchange.exchange.faults.played() == {"close": 1}


def test_a_half_open_connection_is_reset_in_the_end():
    with (
        stepped_exchange(limits=Limits(ping_interval=0.05, client_frames=1000)) as exchange,
        connected(exchange.url) as connection,
    ):
        connection.recv_data(control_frame=True)  # while all is well there are pings
        exchange.goes_wrong("half-open")
        exchange.until_played("half-open")
        connection.ping("hello")
        with connected(exchange.url) as other:
            exchange.tell(TENTH)
            assert ids(receive(other, 1)) == IDS[:1]
        exchange.exchange.faults.clear()
        received = everything(connection)
    # Pings may have been on their way when it began.
    assert b"aggTrade" not in received
    assert b"hello" not in received


@pytest.mark.parametrize(
    ("path", "options", "combined"),
    [
        ("/ws/btcusdt@aggTrade", {}, False),
        ("/stream?streams=btcusdt@aggTrade", {}, True),
        ("/ws/btcusdt@aggTrade", {"form": "combined"}, True),
        ("/stream?streams=btcusdt@aggTrade", {"form": "raw"}, False),
    ],
)
def test_a_shutdown_is_announced_and_then_comes(exchange, path, options, combined):
    with connected(exchange.ws_url + path) as connection:
        exchange.goes_wrong("shutdown", grace=0.1, **options)
        event = json.loads(connection.recv())
        if combined:
            assert event["stream"] == "!serverShutdown"
            event = event["data"]
        assert event == {"e": "serverShutdown", "E": exchange.clock.now() // 1000}
        assert farewell(connection) == (1001, "")


def test_ticks_go_on_between_the_announcement_and_the_end(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("shutdown", grace=1000)
        assert json.loads(connection.recv())["e"] == "serverShutdown"
        exchange.tell(TENTH)
        assert ids(receive(connection, TENTH + 1)) == IDS[: TENTH + 1]


# --- ticks that do not come ----------------------------------------------------------------------


def test_a_mute_connection_is_pinged_and_its_ticks_are_lost():
    with (
        stepped_exchange(limits=Limits(ping_interval=0.05, client_frames=1000)) as exchange,
        connected(exchange.url) as connection,
    ):
        exchange.goes_wrong("mute")
        exchange.tell(TENTH)
        exchange.until_taken(TENTH)
        assert connection.recv_data(control_frame=True)[0] == ABNF.OPCODE_PING
        exchange.exchange.faults.clear()
        exchange.tell(TWENTIETH)
        assert ids(receive(connection, TWENTIETH - TENTH)) == IDS[TENTH + 1 : TWENTIETH + 1]


@pytest.mark.parametrize(("everywhere", "numbers"), [("no", [0, 1, 2]), ("yes", [])])
def test_who_connects_during_a_mute_is_served(exchange, everywhere, numbers):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("mute", everywhere=everywhere)
        exchange.until_played("mute")
        with connected(exchange.url) as other:
            exchange.tell(TENTH)
            exchange.until_taken(TENTH)
            exchange.until_looked()
            assert ids(receive(other, len(numbers))) == [IDS[number] for number in numbers]
            if not numbers:
                assert is_quiet(other)
        assert is_quiet(connection)


def test_one_symbol_alone_may_be_mute():
    with stepped_exchange(BTC, ETH) as exchange:
        both = f"{exchange.ws_url}/ws/btcusdt@aggTrade/ethusdt@aggTrade"
        with connected(both) as connection:
            exchange.goes_wrong("mute", symbol="BTCUSDT")
            exchange.tell(len(ROWS) - 1)
            frames = receive(connection, 100)
            assert {frame["s"] for frame in frames} == {"ETHUSDT"}
            assert ids(frames) == ids(ETH_ROWS[:100])


def test_ticks_are_held_back_and_then_all_catch_up(exchange):
    with connected(exchange.url) as connection:
        # Within moments this is more than the whole recording.
        exchange.goes_wrong("delay", seconds=1000, by=10**9)
        exchange.until_played("delay")
        exchange.tell(TENTH)
        exchange.until_looked()
        assert is_quiet(connection)
        exchange.exchange.faults.clear()
        assert ids(receive(connection, TENTH + 1)) == IDS[: TENTH + 1]


# --- single frames -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("skip", 3, IDS[3:10]),
        ("double", 2, [IDS[0], IDS[0], IDS[1], IDS[1], *IDS[2:10]]),
        ("swap", 1, [IDS[1], IDS[0], *IDS[2:10]]),
        ("swap", 2, [IDS[1], IDS[0], IDS[3], IDS[2], *IDS[4:10]]),
    ],
)
def test_ticks_are_skipped_doubled_and_swapped(exchange, name, count, expected):
    with connected(exchange.url) as connection:
        exchange.goes_wrong(name, count=count)
        exchange.tell(TWENTIETH)
        assert ids(receive(connection, len(expected))) == expected


def test_truncated_ticks_are_whole_frames_but_no_json(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("truncate", count=2)
        exchange.tell(TENTH)
        for _ in range(2):
            text = connection.recv()
            assert text.startswith('{"e":"aggTrade"')
            with pytest.raises(json.JSONDecodeError):
                json.loads(text)
        assert ids(receive(connection, TENTH - 1)) == IDS[2 : TENTH + 1]


def test_garbage_comes_between_the_ticks(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("garbage", count=2)
        exchange.tell(TENTH)
        texts = [connection.recv() for _ in range(5)]
    assert [text == GARBAGE.decode() for text in texts] == [True, False, True, False, False]
    assert [json.loads(texts[number])["a"] for number in (1, 3, 4)] == IDS[:3]


def test_only_the_frames_of_its_symbol_are_hit():
    with stepped_exchange(BTC, ETH) as exchange:
        both = f"{exchange.ws_url}/ws/btcusdt@aggTrade/ethusdt@aggTrade"
        with connected(both) as connection:
            exchange.goes_wrong("skip", count=25, symbol="ETHUSDT")
            exchange.tell(len(ROWS) - 1)
            frames = receive(connection, 500)
    for symbol, rows, skipped in (("BTCUSDT", ROWS, 0), ("ETHUSDT", ETH_ROWS, 25)):
        found = ids([frame for frame in frames if frame["s"] == symbol])
        assert found
        assert found == ids(rows[skipped : skipped + len(found)])


def test_the_last_ticks_are_sent_again(exchange):
    with connected(exchange.url) as connection:
        exchange.tell(TENTH)
        receive(connection, TENTH + 1)
        exchange.goes_wrong("replay", count=4)
        assert ids(receive(connection, 4)) == IDS[TENTH - 3 : TENTH + 1]
        exchange.tell(TWENTIETH)
        assert ids(receive(connection, 1)) == [IDS[TENTH + 1]]


def test_nothing_is_sent_again_that_was_not_sent(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("skip", count=3)
        exchange.tell(TENTH)
        receive(connection, TENTH - 2)
        exchange.tell(TWENTIETH)
        receive(connection, TWENTIETH - TENTH)
        exchange.goes_wrong("replay", count=1000)
        again = ids(receive(connection, TWENTIETH - TENTH))
        assert again == IDS[TENTH + 1 : TWENTIETH + 1]
        assert is_quiet(connection)


def test_a_tick_that_none_follows_is_not_held_for_ever(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("swap", count=len(ROWS))
        exchange.tell(len(ROWS) - 1)
        assert sorted(ids(receive(connection, len(ROWS)))) == IDS


# --- at the door ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "beginning"),
    [
        (451, b'{"code": 0, "msg": "Service unavailable from a restricted location'),
        (403, b"<!DOCTYPE HTML PUBLIC"),
        (429, b'{"code":-1003,'),
        (502, b"<html>"),
        (503, b"<html>"),
    ],
)
def test_connections_are_refused_as_the_real_ones_are(exchange, status, beginning):
    exchange.goes_wrong("refuse", status=status)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(exchange.url)
    assert refused.value.status_code == status
    assert refused.value.resp_body.startswith(beginning)
    exchange.exchange.faults.clear()
    with connected(exchange.url) as connection:
        assert is_quiet(connection)


def test_a_refusal_leaves_the_open_connections_and_rest_alone(exchange):
    with connected(exchange.url) as connection:
        exchange.goes_wrong("refuse", status=451)
        assert is_quiet(connection)
        assert fetch(f"{exchange.rest_url}/api/v3/ping").status == 200


def test_a_handshake_may_be_slow(exchange):
    exchange.goes_wrong("slow-handshake", delay=1000)
    with pytest.raises(websocket.WebSocketTimeoutException):
        websocket.create_connection(exchange.url, timeout=0.2)
    exchange.exchange.faults.clear()
    with connected(exchange.url) as connection:
        assert is_quiet(connection)


# --- all of them ---------------------------------------------------------------------------------


def test_a_fault_that_there_is_not_is_refused(exchange):
    with pytest.raises(FaultError, match="'clsoe' is not a fault: there are close, reset, "):
        exchange.goes_wrong("clsoe")
