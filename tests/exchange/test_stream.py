"""The feed over real sockets: frames in order, and every way in which a connection ends or is never
made.
"""

import itertools
import re
import socket
import ssl
import threading

import pytest
import websocket

from prices.exchange import connection, failures
from prices.exchange.backoff import CEILING
from prices.exchange.connection_chain import DEAD_AFTER
from prices.exchange.messages import micros, parse
from prices.exchange.stream import Down, Idle, Up
from prices.exchange.subscription import aggregate_trades
from tests.support.faulty_server import (
    BINARY,
    CLOSE,
    CONTINUED,
    PING,
    PONG,
    TEXT,
    Peer,
    farewell,
    faulty,
    frame,
)
from tests.support.feeds import Life, busy, first, stay
from tests.support.local_exchange import TRX, agg_trades, local_exchange
from tests.support.secured import CERTIFICATE, secured


@pytest.fixture
def life() -> Life:
    return Life()


class TestFrames:
    def test_every_tick_of_the_exchange_comes_once_and_in_order(self, life) -> None:
        expected = agg_trades(TRX)
        with local_exchange(TRX) as exchange:
            subscription = aggregate_trades(exchange.ws_url, ["TRXUSDT"])
            up, *frames = first(1 + len(expected), life.stream(subscription.url))
        assert up == Up()
        ticks = [parse(frame) for frame in frames]
        assert [(tick.first, tick.last, tick.price, tick.traded) for tick in ticks] == [
            (row["f"], row["l"], row["p"], row["T"]) for row in expected
        ]
        assert all(micros(tick.sent) >= tick.traded for tick in ticks)

    def test_frames_that_come_with_the_upgrade_are_not_lost(self, life) -> None:
        with faulty(
            lambda peer: (peer.upgrade(frame(TEXT, b"1"), frame(TEXT, b"2")), stay(peer))
        ) as url:
            assert first(3, life.stream(url)) == [Up(), b"1", b"2"]

    def test_a_frame_in_pieces_survives_read_timeouts(self, life) -> None:
        whole = frame(TEXT, b"a frame of some length")
        idle = threading.Event()

        def in_pieces(peer: Peer) -> None:
            peer.upgrade()
            # One byte of each part of the frame: head, length, payload.
            for piece in (whole[:1], whole[1:2], whole[2:9], whole[9:-1], whole[-1:]):
                idle.clear()
                idle.wait()
                peer.send(piece)
            peer.send(frame(TEXT, b"next"))
            stay(peer)

        seen = []
        with faulty(in_pieces) as url:
            events = iter(life.stream(url))
            while len(seen) < 3:
                event = next(events)
                if isinstance(event, Idle):
                    idle.set()
                else:
                    seen.append(event)
            events.close()
        assert seen == [Up(), b"a frame of some length", b"next"]

    def test_a_fragmented_message_is_one_frame(self, life) -> None:
        parts = [
            frame(TEXT, b"to", final=False),
            frame(PING, b"between"),
            frame(CONTINUED, b"ge", final=False),
            frame(CONTINUED, b"ther"),
        ]
        with faulty(lambda peer: (peer.upgrade(*parts), stay(peer))) as url:
            assert first(2, life.stream(url)) == [Up(), b"together"]

    def test_binary_frames_are_handed_on_for_the_reader_to_refuse(self, life) -> None:
        sent = [frame(BINARY, b"\x00\xff"), frame(PONG, b""), frame(TEXT, b"text")]
        with faulty(lambda peer: (peer.upgrade(*sent), stay(peer))) as url:
            assert first(3, life.stream(url)) == [Up(), b"\x00\xff", b"text"]

    def test_bytes_that_are_not_utf8_are_passed_on(self, life) -> None:
        with faulty(lambda peer: (peer.upgrade(frame(TEXT, b"\xff\xfe")), stay(peer))) as url:
            assert first(2, life.stream(url)) == [Up(), b"\xff\xfe"]

    def test_a_ping_is_answered_with_its_payload(self, life) -> None:
        answers = []

        def ping(peer: Peer) -> None:
            peer.upgrade(frame(PING, b"1751531436000"))
            answers.append(peer.read())
            peer.send(frame(TEXT, b"pong seen"))
            stay(peer)

        with faulty(ping) as url:
            assert first(2, life.stream(url)) == [Up(), b"pong seen"]
        assert answers == [(PONG, b"1751531436000")]

    def test_other_subscriptions_are_sent_one_at_a_time(self, life) -> None:
        received = []

        def listen(peer: Peer) -> None:
            peer.upgrade()
            received.extend([peer.read(), peer.read()])
            peer.send(frame(TEXT, b"{}"))
            stay(peer)

        with faulty(listen) as url:
            assert first(2, life.stream(url, '{"id":1}', '{"id":2}')) == [Up(), b"{}"]
        assert received == [(TEXT, b'{"id":1}'), (TEXT, b'{"id":2}')]
        assert life.slept == [connection.MESSAGE_INTERVAL] * 2

    def test_the_url_is_asked_for_as_it_stands(self, life) -> None:
        requests = []
        path = "/stream?timeUnit=MICROSECOND&streams=btcusdt@aggTrade/%E5%B8%81usdt@aggTrade"
        with faulty(
            lambda peer: (peer.upgrade(), requests.append(peer.request), stay(peer))
        ) as url:
            assert first(1, life.stream(url + path)) == [Up()]
        assert requests[0].startswith(f"GET {path} HTTP/1.1\r\n".encode())


def close(peer: Peer) -> None:
    peer.upgrade(farewell(1001, "maintenance"))
    stay(peer)


def close_with_a_sentence(peer: Peer) -> None:
    peer.upgrade(farewell(1001, "Bye."))
    stay(peer)


def end_without_a_word(peer: Peer) -> None:
    peer.upgrade()


def end_within_a_frame(peer: Peer) -> None:
    peer.upgrade(frame(TEXT, b"half a frame")[:5])


def reset(peer: Peer) -> None:
    peer.upgrade()
    peer.reset()


def break_the_protocol(peer: Peer) -> None:
    peer.upgrade(frame(7, b"no such opcode"))
    stay(peer)


def speak_another_protocol(peer: Peer) -> None:
    peer.send(b"SSH-2.0-OpenSSH_9.6\r\n")


def answer_nonsense(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 sure\r\n\r\n")


def hang_up(peer: Peer) -> None:
    peer.read_request()


def accept_wrongly(peer: Peer) -> None:
    peer.refuse("101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong")


class TestTLS:
    def test_frames_come_over_a_connection_that_is_trusted(self, life) -> None:
        trust = ssl.create_default_context(cafile=CERTIFICATE)

        def connect(url: str) -> connection.Connection:
            return connection.connect(url.replace("ws://", "wss://"), trust)

        # More than the socket is asked for at once, and than a TLS record holds.
        sent = [b"%06d" % number + b"x" * 100 for number in range(5_000)]
        frames = [frame(TEXT, text) for text in sent]
        with faulty(secured(lambda peer: (peer.upgrade(*frames), stay(peer)))) as url:
            assert first(1 + len(sent), life.stream(url, connect=connect)) == [Up(), *sent]


class TestLoss:
    """However a connection ends, it is told in one sentence and another one is made."""

    @pytest.mark.parametrize(
        ("end", "told"),
        [
            (close, "The connection broke: closed by the exchange with code 1001 maintenance."),
            (
                close_with_a_sentence,
                "The connection broke: closed by the exchange with code 1001 Bye.",
            ),
            # The messages that are not ours have a dot or have none: in the end it is one.
            (end_without_a_word, r"The connection broke: .+[^.]\."),
            (end_within_a_frame, r"The connection broke: .+[^.]\."),
            (reset, r"The connection broke: .+[^.]\."),
            (break_the_protocol, r"The connection broke: .+[^.]\."),
        ],
    )
    def test_the_feed_goes_on_over_a_new_connection(self, life, end, told) -> None:
        def again(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, b"again"))
            stay(peer)

        with faulty(end, again) as url:
            up, down, *after = first(4, life.stream(url))
        assert up == Up()
        assert re.fullmatch(told, down.reason)
        assert life.slept == [down.wait]
        assert after == [Up(), b"again"]

    def test_a_close_is_answered(self, life) -> None:
        answers = []

        def close(peer: Peer) -> None:
            peer.upgrade(farewell(1008, "Pong timeout"))
            answers.append(peer.read())

        with faulty(close) as url:
            first(2, life.stream(url))
        assert answers[0][0] == CLOSE

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            (
                "451 Unavailable For Legal Reasons",
                "The exchange refused the connection with HTTP 451. " + failures.REFUSALS[451],
            ),
            (
                "403 Forbidden",
                (
                    "The exchange refused the connection with HTTP 403. Its firewall blocks "
                    "this IP address."
                ),
            ),
            (
                "418 I'm a teapot",
                "The exchange refused the connection with HTTP 418. " + failures.REFUSALS[418],
            ),
            (
                "429 Too Many Requests",
                (
                    "The exchange refused the connection with HTTP 429. Too many requests "
                    "from this IP address."
                ),
            ),
            (
                "502 Bad Gateway",
                "The exchange refused the connection with HTTP 502. Server error.",
            ),
            ("404 Not Found", "The exchange refused the connection with HTTP 404."),
        ],
    )
    def test_a_refused_upgrade_says_why(self, life, status, told) -> None:
        with faulty(lambda peer: peer.refuse(status, b"<html>no</html>")) as url:
            (down,) = first(1, life.stream(url))
        assert down.reason == told

    @pytest.mark.parametrize(
        "talk", [speak_another_protocol, answer_nonsense, hang_up, accept_wrongly]
    )
    def test_a_server_that_is_no_exchange_is_a_broken_connection(self, life, talk) -> None:
        with faulty(talk) as url:
            (down,) = first(1, life.stream(url))
        assert re.fullmatch(r"The connection broke: .+\.", down.reason)

    def test_a_server_without_tls_is_a_broken_connection(self, life) -> None:
        with faulty(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
            (down,) = first(1, life.stream(url.replace("ws://", "wss://")))
        assert down.reason.startswith("The connection broke: ")

    def test_a_certificate_that_nobody_trusts(self, life) -> None:
        with faulty(secured(lambda peer: (peer.upgrade(), stay(peer)))) as url:
            (down,) = first(1, life.stream(url.replace("ws://", "wss://")))
        assert re.fullmatch(r"The exchange's certificate is not trusted: .+[^.]\.", down.reason), (
            down.reason
        )

    def test_nothing_listens(self, life) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        (down,) = first(1, life.stream(f"ws://127.0.0.1:{port}"))
        assert down.reason == "Nothing listens at the exchange's address."

    def test_a_name_that_does_not_resolve(self, life) -> None:
        # No name under .invalid ever does.
        (down,) = first(1, life.stream("ws://no-such-host.invalid"))
        assert down.reason == (
            "The exchange's host name does not resolve. Check the internet connection and DNS."
        )

    def test_a_server_that_says_nothing_to_the_upgrade(self, life) -> None:
        def connect(url: str) -> connection.Connection:
            raise TimeoutError("timed out")

        (down,) = first(1, life.stream("wss://mute", connect=connect))
        assert down.reason == "The exchange did not answer within 10 seconds."

    def test_a_line_that_is_silent_for_too_long_is_dead(self, life) -> None:
        with faulty(lambda peer: (peer.upgrade(frame(TEXT, b"last words")), stay(peer))) as url:
            events = iter(life.stream(url))
            assert [next(events), next(busy(events))] == [Up(), b"last words"]
            assert next(events) == Idle()
            life.now += DEAD_AFTER
            assert next(events) == Idle()
            life.now += 1
            assert next(events).reason == "The connection broke: no data for 200 seconds."
            events.close()

    def test_a_ping_is_no_silence(self, life) -> None:
        ask = threading.Event()

        def ping(peer: Peer) -> None:
            peer.upgrade()
            ask.wait()
            peer.send(frame(PING, b""))
            peer.read()
            peer.send(frame(TEXT, b"pong seen"))
            stay(peer)

        with faulty(ping) as url:
            events = iter(life.stream(url))
            assert [next(events), next(events)] == [Up(), Idle()]
            life.now += DEAD_AFTER
            ask.set()
            assert next(busy(events)) == b"pong seen"
            life.now += DEAD_AFTER
            assert next(events) == Idle()
            events.close()


class TestStop:
    def test_while_frames_come(self, life) -> None:
        ends = []

        def chatter(peer: Peer) -> None:
            peer.upgrade(*[frame(TEXT, b"tick")] * 100)
            ends.append(peer.read())

        with faulty(chatter) as url:
            events = []
            for event in life.stream(url):
                events.append(event)
                life.stop = len(events) == 3
        assert events == [Up(), b"tick", b"tick"]
        # Said goodbye, did not just leave.
        assert ends[0][0] == CLOSE

    def test_while_nothing_comes(self, life) -> None:
        with faulty(lambda peer: (peer.upgrade(), stay(peer))) as url:
            for event in life.stream(url):
                life.stop = isinstance(event, Idle)

    def test_while_waiting_to_connect_again(self, life) -> None:
        life.stop_in_sleep = True
        with faulty(lambda peer: peer.refuse("502 Bad Gateway")) as url:
            events = list(life.stream(url))
        assert [type(event) for event in events] == [Down]

    def test_while_subscribing(self, life) -> None:
        life.stop_in_sleep = True
        with faulty(lambda peer: (peer.upgrade(), stay(peer))) as url:
            assert list(life.stream(url, "{}")) == [Up()]

    def test_before_it_began(self, life) -> None:
        life.stop = True
        assert list(life.stream("ws://127.0.0.1:1")) == []


class TestWaits:
    def test_grow_with_every_refusal_up_to_a_minute(self, life) -> None:
        def connect(url: str) -> connection.Connection:
            raise websocket.WebSocketBadStatusException("refused", 451)

        life.passes = True
        downs = first(9, life.stream("ws://away", connect=connect))
        assert life.slept[:8] == [down.wait for down in downs[:8]]
        for down, ceiling in zip(downs, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
            assert ceiling / 2 <= down.wait <= ceiling

    def test_stay_short_in_an_outage(self, life) -> None:
        def connect(url: str) -> connection.Connection:
            raise ConnectionRefusedError

        life.passes = True
        downs = first(200, life.stream("ws://away", connect=connect))
        assert max(down.wait for down in downs) < 5

    def test_a_retry_after_is_waited_for(self, life) -> None:
        def limit(peer: Peer) -> None:
            # The page is cut off: the headers count.
            peer.read_request()
            peer.send(
                b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: 9\r\n\r\n"
            )

        with faulty(limit) as url:
            (down,) = first(1, life.stream(url))
        assert down.wait >= 90

    def test_go_on_growing_over_connections_that_last_for_a_moment(self, life) -> None:
        with faulty(close, close, close) as url:
            events = first(6, life.stream(url))
        assert [type(event) for event in events] == [Up, Down] * 3
        assert events[5].wait >= 2

    def test_are_short_on_a_line_that_flaps(self, life) -> None:
        class Flapping:
            """Works for 28 seconds and is cut."""

            def __init__(self) -> None:
                self.left = 28

            def recv_data(self, control_frame: bool = False) -> tuple[int, bytes]:
                if not self.left:
                    raise ConnectionResetError
                self.left -= 1
                life.now += 1
                return TEXT, b"tick"

            def close(self) -> None:
                pass

        refusals = iter(range(9))

        def connect(url: str) -> Flapping:
            # Being refused takes as long as a connection that works.
            life.now += 28
            if next(refusals, None) is not None:
                raise ConnectionRefusedError
            return Flapping()

        life.luck = 1.0
        events = first(9 + 3 * 30, life.stream("ws://flapping", connect=connect))
        waits = [event.wait for event in events if isinstance(event, Down)]
        # What an attempt took has been waited for.
        assert waits == [1] * 12

    def test_start_afresh_after_a_connection_that_lasted(self, life) -> None:
        def last(peer: Peer) -> None:
            peer.upgrade(frame(TEXT, b"tick"))
            stay(peer)

        with faulty(close, close, close, last) as url:
            events = busy(iter(life.stream(url)))
            downs = [event for event in itertools.islice(events, 8) if isinstance(event, Down)]
            assert downs[-1].wait >= 2
            # A day later.
            life.now += CEILING + 1
            life.now += DEAD_AFTER
            down = next(events)
        assert isinstance(down, Down)
        assert down.wait <= 1


class TestHeard:
    """`heard` is for the one who vouches: it must never run ahead of what was handed over."""

    def test_moves_on_only_when_the_reader_has_come_back(self, life) -> None:
        talk = threading.Semaphore(0)

        def speak(peer: Peer) -> None:
            peer.upgrade()
            for text in (b"1", b"2"):
                talk.acquire()
                peer.send(frame(TEXT, text))
            stay(peer)

        with faulty(speak) as url:
            stream = life.stream(url)
            events = iter(stream)
            assert stream.heard is None
            assert next(events) == Up()
            assert stream.heard is None
            assert next(events) == Idle()
            assert stream.heard == 1000
            life.now = 1010
            talk.release()
            assert next(busy(events)) == b"1"
            # Received, but nobody knows yet what the reader did with it.
            assert stream.heard == 1000
            life.now = 1020
            assert next(events) == Idle()
            assert stream.heard == 1010
            talk.release()
            assert next(busy(events)) == b"2"
            assert stream.heard == 1010
            events.close()

    def test_a_ping_is_heard(self, life) -> None:
        with faulty(lambda peer: (peer.upgrade(), peer.send(frame(PING, b"")), stay(peer))) as url:
            stream = life.stream(url)
            events = iter(stream)
            assert next(events) == Up()
            life.now = 1010
            while stream.heard != 1010:
                assert next(events) == Idle()
            events.close()

    def test_is_none_without_a_connection(self, life) -> None:
        with faulty(close, stay) as url:
            stream = life.stream(url)
            for event in stream:
                if isinstance(event, Down):
                    assert stream.heard is None
                    life.stop = True
        assert stream.heard is None


def test_attempts_to_connect_again_are_counted(life) -> None:
    with faulty(hang_up, hang_up, lambda peer: (peer.upgrade(), stay(peer))) as url:
        stream = life.stream(url)
        events = iter(stream)
        seen = [next(events) for _ in range(3)]
        assert [type(event) for event in seen] == [Down, Down, Up]
        assert stream.reconnects == 2
        events.close()


def test_an_attempt_that_is_not_made_is_not_counted(life) -> None:
    life.stop_in_sleep = True
    with faulty(hang_up) as url:
        stream = life.stream(url)
        assert [type(event) for event in stream] == [Down]
    assert stream.reconnects == 0
