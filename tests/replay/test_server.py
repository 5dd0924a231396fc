"""The exchange over real sockets: what one client sees of streams and REST."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import websocket
from websocket import ABNF

from replay.exchange import open_exchange
from replay.limits import Limits
from replay.server import serving
from tests.support.clients import ask, connected, farewell, fetch, ids, is_quiet, receive
from tests.support.local_exchange import BTC, ETH, TRX, Running, agg_trades, local_exchange
from tests.support.secured import CERTIFICATE

BTC_ROWS, ETH_ROWS, TRX_ROWS = agg_trades(BTC), agg_trades(ETH), agg_trades(TRX)


@pytest.fixture
def exchange() -> Iterator[Running]:
    """The shipped recordings, as fast as the client takes them."""
    with local_exchange() as running:
        yield running


# --- streams -------------------------------------------------------------------------------------


def test_each_row_is_streamed_once_and_in_order(exchange):
    with connected(f"{exchange.ws_url}/ws/btcusdt@aggTrade") as connection:
        frames = receive(connection, len(BTC_ROWS))
        assert is_quiet(connection)
    expected = [row | {"T": row["T"] // 1000} for row in BTC_ROWS]
    assert [{key: frame[key] for key in expected[0]} for frame in frames] == expected


def test_what_is_secured_is_streamed_over_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    trust = ssl.create_default_context(cafile=CERTIFICATE)

    def first_id(url: str) -> int:
        connection = websocket.create_connection(
            f"{url}/ws/btcusdt@aggTrade", timeout=10, sslopt={"context": trust}
        )
        with closing(connection):
            return json.loads(connection.recv())["a"]

    async def served() -> int:
        async with serving(open_exchange([BTC]), "127.0.0.1", 0, context) as address:
            assert address.ws_url.startswith("wss://")
            assert address.rest_url.startswith("https://")
            return await asyncio.to_thread(first_id, address.ws_url)

    assert asyncio.run(served()) == BTC_ROWS[0]["a"]


@pytest.mark.parametrize(
    "path",
    [
        "/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade",
        "/stream?streams=btcusdt%40aggTrade%2Fethusdt%40aggTrade",
        "/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade/nosuch@aggTrade/BTCUSDT@aggTrade",
    ],
)
def test_a_combined_stream_names_the_stream_of_each_tick(exchange, path):
    with connected(exchange.ws_url + path) as connection:
        frames = receive(connection, len(BTC_ROWS) + len(ETH_ROWS))
        assert is_quiet(connection)
    for name, rows in (("btcusdt@aggTrade", BTC_ROWS), ("ethusdt@aggTrade", ETH_ROWS)):
        assert ids([f["data"] for f in frames if f["stream"] == name]) == ids(rows)


def test_several_raw_streams_may_be_joined(exchange):
    with connected(f"{exchange.ws_url}/ws/btcusdt@aggTrade/ethusdt@aggTrade") as connection:
        frames = receive(connection, len(BTC_ROWS) + len(ETH_ROWS))
    assert ids([frame for frame in frames if frame["s"] == "ETHUSDT"]) == ids(ETH_ROWS)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("MICROSECOND", 1), ("microsecond", 1), ("MILLISECOND", 1000), ("millisecond", 1000)],
)
def test_the_unit_of_time_is_the_connection_s(unit, factor):
    with local_exchange(TRX) as exchange:
        url = f"{exchange.ws_url}/stream?streams=trxusdt@aggTrade&timeUnit={unit}"
        with connected(url) as connection:
            frames = receive(connection, 100)
    assert [frame["data"]["T"] for frame in frames] == [
        row["T"] // factor for row in TRX_ROWS[:100]
    ]


@pytest.mark.parametrize(("path", "combined"), [("/ws", False), ("/stream", True)])
def test_streams_may_be_subscribed_later(exchange, path, combined):
    with connected(exchange.ws_url + path) as connection:
        request = {"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade"], "id": "one"}
        connection.send(json.dumps(request))
        reply, *frames = receive(connection, 1 + len(BTC_ROWS))
        assert reply == {"result": None, "id": "one"}
        assert ids([frame["data"] if combined else frame for frame in frames]) == ids(BTC_ROWS)


def test_what_is_unsubscribed_stops():
    with (
        local_exchange(loop=True, speed=100) as exchange,
        connected(f"{exchange.ws_url}/ws/btcusdt@aggTrade") as connection,
    ):
        receive(connection, 10)
        reply = ask(connection, method="UNSUBSCRIBE", params=["btcusdt@aggTrade"], id=1)
        assert reply == {"result": None, "id": 1}
        assert is_quiet(connection)


def test_a_malformed_stream_in_the_url_gets_an_error_frame(exchange):
    with connected(f"{exchange.ws_url}/ws/btcusdt@nothing") as connection:
        error = json.loads(connection.recv())["error"]
        assert error == {"code": 2, "msg": "Invalid request: invalid stream"}
        assert is_quiet(connection)


def test_a_bad_unit_of_time_is_refused_at_the_door(exchange):
    with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
        websocket.create_connection(f"{exchange.ws_url}/ws?timeUnit=SECOND")


# --- the clock and several clients ---------------------------------------------------------------


def test_at_full_speed_a_slow_client_misses_nothing():
    with local_exchange(loop=True) as exchange:
        url = f"{exchange.ws_url}/ws/btcusdt@aggTrade"
        with connected(url) as slow, connected(url) as quick:
            far = receive(quick, 40_000)[-1]
            ticks = receive(slow, 40_000)
    assert ids(ticks) == list(range(ticks[0]["a"], ticks[0]["a"] + 40_000))
    assert far["a"] >= ticks[-1]["a"]


def test_at_full_speed_the_clock_stands_still_without_clients():
    with local_exchange(loop=True) as running:
        url, clock = f"{running.ws_url}/ws/btcusdt@aggTrade", running.exchange.clock
        with connected(url) as connection:
            receive(connection, 1000)
        stood = at_rest(clock.edge)
        market = running.exchange.ledger.markets["BTCUSDT"]
        (next_tick,) = market.ticks(*(market.count_until(stood) + more for more in (0, 1)))
        with connected(url) as connection:
            assert json.loads(connection.recv())["a"] == next_tick.agg_id


def test_at_full_speed_a_slow_client_blocks_the_exchange():
    with (
        local_exchange(loop=True) as running,
        connected(f"{running.ws_url}/ws/btcusdt@aggTrade") as connection,
    ):
        receive(connection, 1)
        at_rest(running.exchange.clock.edge)


def at_rest(read: Callable[[], int]) -> int:
    """What it reads once it does not change any more."""
    before = None
    for _ in range(100):
        if (now := read()) == before:
            return now
        before = now
        time.sleep(0.1)
    raise AssertionError("It never comes to rest.")


def test_nothing_is_replayed_to_a_client_that_comes_late(exchange):
    url = f"{exchange.ws_url}/ws/btcusdt@aggTrade"
    with connected(url) as connection:
        receive(connection, len(BTC_ROWS))
    with connected(url) as connection:
        assert is_quiet(connection)


def test_at_a_finite_speed_nothing_is_lost_to_start_up():
    with local_exchange(speed=5000) as exchange:
        assert fetch(f"{exchange.rest_url}/api/v3/time").json()["serverTime"] == 1723161255342
        with connected(f"{exchange.ws_url}/ws/btcusdt@aggTrade") as connection:
            assert ids(receive(connection, len(BTC_ROWS))) == ids(BTC_ROWS)
            assert is_quiet(connection)


def test_a_loop_is_live_and_goes_on_after_a_restart():
    ticks = []
    for _ in range(2):
        with local_exchange(loop=True, speed=10) as exchange:
            with connected(f"{exchange.ws_url}/ws/btcusdt@aggTrade") as connection:
                ticks += receive(connection, 20)
            between = f"fromId={ticks[0]['a']}&limit=1000"
            url = f"{exchange.rest_url}/api/v3/aggTrades?symbol=BTCUSDT&{between}"
            pages = fetch(url).json()
    known = {row["a"]: row for row in pages}
    for tick in ticks:
        assert {key: tick[key] for key in "apqflTmM"} == known[tick["a"]]
    assert ids(pages) == list(range(ticks[0]["a"], ticks[0]["a"] + len(pages)))
    assert ids(ticks) == sorted(set(ids(ticks)))
    assert abs(ticks[-1]["T"] / 1000 - time.time()) < 60  # seconds: the present, not 2024


# --- limits of a connection ----------------------------------------------------------------------


def test_more_than_five_frames_in_a_second_end_the_connection(exchange):
    with connected(f"{exchange.ws_url}/ws") as connection:
        connection.ping("one")
        connection.pong("two")
        for number in range(4):
            connection.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        assert farewell(connection) == (1008, "Too many requests")


def test_five_frames_in_a_second_are_answered(exchange):
    with connected(f"{exchange.ws_url}/ws") as connection:
        for number in range(5):
            assert ask(connection, method="LIST_SUBSCRIPTIONS", id=number)["result"] == []


BRIEF = Limits(ping_interval=0.05, pong_timeout=0.3, client_frames=1000)


def test_a_client_that_answers_pings_stays():
    with (
        local_exchange(limits=BRIEF) as exchange,
        connected(f"{exchange.ws_url}/ws") as connection,
    ):
        for _ in range(10):  # longer than the exchange waits for an answer
            opcode, _ = connection.recv_data(control_frame=True)
            assert opcode == ABNF.OPCODE_PING
        assert ask(connection, method="LIST_SUBSCRIPTIONS", id=1)["result"] == []


@pytest.mark.parametrize("pong", [None, b"", b"something else"])
def test_a_client_that_does_not_answer_pings_is_gone(pong):
    with (
        local_exchange(limits=BRIEF) as exchange,
        connected(f"{exchange.ws_url}/ws") as connection,
    ):
        assert connection.recv_frame().opcode == ABNF.OPCODE_PING
        if pong is not None:
            connection.pong(pong)
        assert farewell(connection) == (1008, "Pong timeout")


def test_a_ping_of_the_client_is_answered_with_its_payload(exchange):
    with connected(f"{exchange.ws_url}/ws") as connection:
        connection.ping("hello")
        frame = connection.recv_frame()
        assert (frame.opcode, frame.data) == (ABNF.OPCODE_PONG, b"hello")


def test_pings_never_fall_into_a_chunk_of_ticks():
    limits = Limits(ping_interval=0.001, client_frames=10**6)
    opcodes, seen = [], []
    with (
        local_exchange(limits=limits) as exchange,
        connected(f"{exchange.ws_url}/stream?streams=btcusdt@aggTrade") as connection,
    ):
        while len(seen) < len(BTC_ROWS):
            opcode, payload = connection.recv_data(control_frame=True)
            opcodes.append(opcode)
            if opcode == ABNF.OPCODE_TEXT:
                seen.append(json.loads(payload)["data"])
    assert ids(seen) == ids(BTC_ROWS)
    assert ABNF.OPCODE_PING in opcodes


def test_a_connection_does_not_outlive_its_day():
    with (
        local_exchange(limits=Limits(lifetime=0.1)) as exchange,
        connected(f"{exchange.ws_url}/ws") as connection,
    ):
        assert farewell(connection) == (1001, "")


def test_too_many_connections_are_refused():
    with local_exchange(limits=Limits(connections=2)) as exchange:
        url = f"{exchange.ws_url}/ws"
        refused = pytest.raises(websocket.WebSocketBadStatusException, match="429")
        with connected(url), connected(url), refused:
            websocket.create_connection(url)


# --- REST ----------------------------------------------------------------------------------------


@pytest.fixture
def finished(exchange):
    """An exchange that has sent all it has."""
    url = f"{exchange.ws_url}/ws/btcusdt@aggTrade/ethusdt@aggTrade"
    with connected(url) as connection:
        receive(connection, len(BTC_ROWS) + len(ETH_ROWS))
    return exchange


@pytest.mark.parametrize(("symbol", "rows"), [("BTCUSDT", BTC_ROWS), ("ETHUSDT", ETH_ROWS)])
def test_each_row_is_found_once_by_paging(finished, symbol, rows):
    found, from_id = [], 0
    while True:
        url = f"{finished.rest_url}/api/v3/aggTrades?symbol={symbol}&limit=1000&fromId={from_id}"
        page = fetch(url, **{"X-MBX-TIME-UNIT": "MICROSECOND"}).json()
        if not page:
            break
        found += page
        from_id = page[-1]["a"] + 1
    assert found == rows


def test_what_has_not_happened_is_not_told(exchange):
    rest = f"{exchange.rest_url}/api/v3"
    assert ids(fetch(f"{rest}/aggTrades?symbol=BTCUSDT").json()) == ids(BTC_ROWS[:1])
    assert [t["price"] for t in fetch(f"{rest}/trades?symbol=BTCUSDT").json()][-1] == BTC_ROWS[0][
        "p"
    ]


def test_errors_have_the_exchange_s_body(exchange):
    answer = fetch(f"{exchange.rest_url}/api/v3/aggTrades?symbol=NOSUCH")
    assert (answer.status, answer.json()) == (400, {"code": -1121, "msg": "Invalid symbol."})
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "4"


def test_an_unknown_path_is_a_page_for_browsers_only(exchange):
    url = f"{exchange.rest_url}/api/v3/nothing"
    assert (fetch(url).status, fetch(url).data) == (404, b"")
    page = fetch(url, Accept="text/html")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_whoever_asks_too_much_is_told_to_wait_and_then_banned():
    with local_exchange(limits=Limits(weight=30, tolerated=1)) as exchange:
        exchange.exchange.wall = lambda: 1_723_161_615.0  # a quarter past a minute
        url = f"{exchange.rest_url}/api/v3/exchangeInfo"
        answers = [fetch(url) for _ in range(4)]
        exchange.exchange.wall = lambda: 1_723_161_615.0 + 120
        answers.append(fetch(url))
    assert [answer.status for answer in answers] == [200, 429, 429, 418, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == [
        *(None, "45", "45", "120", None)
    ]
    weights = [answer.headers["X-MBX-USED-WEIGHT-1M"] for answer in answers]
    assert weights == ["20", "40", "60", "80", "20"]
    assert [answer.json()["code"] for answer in answers[1:4]] == [-1003, -1003, -1003]
