"""What an answer of REST may take, and what its headers may say: all of it is bounded."""

import gzip
import os
import threading
import tracemalloc
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.exchange import klines, last_trade
from prices.exchange.agg_trades import AggTrades
from prices.exchange.exchange_info import ask
from prices.exchange.headers import retry_after_seconds, whole_number
from prices.exchange.rate_limit import LONGEST_PAUSE, MINUTE, MOST_WEIGHT, RateLimiter
from prices.exchange.rest import Rest
from prices.exchange.rest_errors import Refused, Stopped, Unanswered, complaint
from prices.exchange.retry_after import LONGEST, RetryAfter
from tests.exchange.test_rest import Waiting, answer, limited
from tests.support.faulty_server import Peer, faulty

NOW = 1_751_500_800.0
DEEP = b'{"a":' + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}"
HALF = b"[" * 2_000_000


def dated(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


class TestHeaders:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("17", 17),
            (" 017 ", 17),
            ("0", 0),
            ("1" + "0" * 30, 1000),
            ("9" * 45_000, 1000),
            ("0" * 45_000 + "7", 7),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("1, 2", None),
            ("²", None),
            ("٣", None),
            ("nan", None),
        ],
    )
    def test_a_number_is_read_up_to_a_limit(self, text, number) -> None:
        assert whole_number(text, 1000) == number

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("60", 60),
            ("1" + "0" * 30, LONGEST_PAUSE),
            (dated(90), 90),
            (dated(-90), 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
            ("Fri, 31 Dec 99999 23:59:59 GMT", None),
            ("Thu, 03 Jul 2025 00:01:00 -0000", 60),
            ("soon", None),
            ("-5", None),
            ("", None),
        ],
    )
    def test_how_long_to_wait(self, text, seconds) -> None:
        assert retry_after_seconds(text, NOW, LONGEST_PAUSE) == seconds

    @given(st.text())
    def test_whatever_is_written_is_read_or_ignored(self, text) -> None:
        number = whole_number(text, 10)
        assert number is None or 0 <= number <= 10
        seconds = retry_after_seconds(text, NOW, 10)
        assert seconds is None or 0 <= seconds <= 10

    @pytest.mark.parametrize("asked", ["Retry-After: 1" + "0" * 30, "Retry-After: " + "9" * 45_000])
    def test_no_silence_is_longer_than_the_longest_ban(self, asked) -> None:
        waiting = Waiting()
        scripts = limited("429 Too Many Requests", asked), answer("200 OK", b"{}")
        with faulty(*scripts) as url, waiting.rest(url) as rest:
            with pytest.raises(Unanswered, match="HTTP 429"):
                rest.get("ping", 1)
            assert rest.get("ping", 1) == b"{}"
        assert waiting.slept == [LONGEST_PAUSE]

    def test_a_weight_of_45000_digits(self) -> None:
        waiting = Waiting()
        used = limited("200 OK", "X-MBX-USED-WEIGHT-1M: " + "9" * 45_000)
        with faulty(used, answer("200 OK", b"{}")) as url, waiting.rest(url) as rest:
            rest.get("ping", 1)
            assert rest.get("ping", 1) == b"{}"
        assert waiting.slept == [MINUTE]

    @pytest.mark.parametrize(
        "head",
        [
            b"X: " + b"x" * 100_000 + b"\r\n",
            b"X: y\r\n" * 1000,
            b"Content-Length: " + b"9" * 4_000 + b"\r\n",
        ],
    )
    def test_headers_without_measure_are_no_answer(self, head) -> None:
        def talk(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\n" + head + b"Connection: close\r\n\r\n")

        with (
            faulty(talk) as url,
            Waiting().rest(url) as rest,
            pytest.raises(Unanswered, match="The connection broke: "),
        ):
            rest.get("ping", 1)

    @pytest.mark.parametrize(("limit", "kept"), [(0, 6000), (-1, 6000), (10**30, MOST_WEIGHT)])
    def test_a_limit_that_is_none_changes_nothing(self, limit, kept) -> None:
        rate_limiter = RateLimiter()
        rate_limiter.allow(limit)
        assert rate_limiter.limit == kept


QUESTIONS = {
    "aggTrades": lambda rest: AggTrades(rest, "BTCUSDT").newest(),
    "klines": lambda rest: klines.ask(rest, "BTCUSDT", 0, 60_000_000),
    "trades": lambda rest: last_trade.look(rest, "BTCUSDT"),
    "exchangeInfo": lambda rest: ask(rest, ["BTCUSDT"]),
}


class TestDepth:
    @pytest.mark.parametrize("body", [DEEP, HALF, b"[" + HALF, b'[{"x":' + HALF])
    @pytest.mark.parametrize("question", QUESTIONS)
    def test_json_nested_too_deeply_is_no_answer(self, question, body) -> None:
        play = answer("200 OK", body)
        with (
            faulty(play, play) as url,
            Waiting().rest(url) as rest,
            pytest.raises(Unanswered, match=r"The exchange sent (an )?invalid "),
        ):
            QUESTIONS[question](rest)

    @pytest.mark.parametrize("body", [DEEP, HALF])
    def test_a_refusal_nested_too_deeply_is_still_one(self, body) -> None:
        assert complaint(body).msg == ""
        with (
            faulty(answer("400 Bad Request", body)) as url,
            Waiting().rest(url) as rest,
            pytest.raises(Unanswered, match=r"HTTP 400\.") as error,
        ):
            rest.get("ping", 1)
        assert not isinstance(error.value, Refused)


class TestLength:
    def test_an_answer_without_end_is_given_up(self) -> None:
        def flood(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                peer.send(bytes(1 << 20))

        with (
            faulty(flood) as url,
            Waiting().rest(url) as rest,
            pytest.raises(Unanswered, match="answer is too large"),
        ):
            rest.get("ping", 1)

    def test_compressed_bodies_are_not_unpacked(self) -> None:
        bomb = gzip.compress(b"0" * 200_000_000, 9)

        def explode(peer: Peer) -> None:
            peer.read_request()
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
            )
            peer.send(head.encode() + bomb)

        with faulty(explode) as url, Waiting().rest(url) as rest:
            tracemalloc.start()
            try:
                assert rest.get("ping", 1) == bomb
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 10 * len(bomb)

    @pytest.mark.parametrize(
        ("head", "drop"),
        [
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n"),
        ],
    )
    def test_an_answer_that_drips_is_given_up_and_its_thread_ends(self, head, drop) -> None:
        over = threading.Event()

        def drip(peer: Peer) -> None:
            peer.read_request()
            peer.send(head)
            try:
                while not over.wait(0.02):
                    peer.send(drop)
            finally:
                over.set()

        with (
            faulty(drip) as url,
            Rest(url.replace("ws://", "http://"), longest=0.5) as rest,
        ):
            with pytest.raises(Unanswered, match="did not answer in time"):
                rest.get("ping", 1)
            (thread,) = rest.threads.strays
            thread.join(30)
            assert not thread.is_alive()
            over.set()

    def test_a_stop_ends_the_thread_that_waits(self) -> None:
        waiting = Waiting()

        def mute(peer: Peer) -> None:
            peer.read_request()
            waiting.stop = True
            peer.incoming.read()

        with faulty(mute) as url, waiting.rest(url) as rest:
            with pytest.raises(Stopped):
                rest.get("ping", 1)
            (thread,) = rest.threads.strays
            thread.join(30)
            assert not thread.is_alive()

    def test_requests_that_do_not_end_are_few(self) -> None:
        hold = threading.Event()
        with Rest("http://127.0.0.1:1", longest=0.1) as rest:
            rest.ask = lambda question: hold.wait(60) and b""  # As a resolver that is stuck.
            told = []
            for _ in range(10):
                with pytest.raises(Unanswered) as error:
                    rest.get("ping", 1)
                told.append(str(error.value))
            assert told[-1] == "4 earlier requests are still running."
            assert len(rest.threads.strays) == 4
            hold.set()


class TestHome:
    @pytest.fixture
    def unwritable(self, tmp_path):
        # A file where the folder should be: it stops root, too.
        (tmp_path / "home").write_text("", encoding="utf-8")
        return tmp_path / "home"

    def test_a_429_is_a_429_when_the_home_cannot_be_written(self, unwritable, caplog) -> None:
        waiting = Waiting()
        refuse = limited("429 Too Many Requests", "Retry-After: 17")
        with (
            faulty(refuse, refuse, answer("200 OK", b"{}")) as url,
            waiting.rest(url, RetryAfter(unwritable, url)) as rest,
        ):
            for _ in range(2):
                with pytest.raises(Unanswered, match="HTTP 429"):
                    rest.get("ping", 1)
            assert rest.get("ping", 1) == b"{}"
        assert waiting.slept == [17, 17]
        warnings = [record.getMessage() for record in caplog.records]
        assert len([warning for warning in warnings if "cannot be shared" in warning]) == 1

    def test_a_file_that_cannot_be_read_is_no_silence(self, tmp_path, caplog) -> None:
        retry_after = RetryAfter(tmp_path, "http://one")
        retry_after.path.mkdir()
        assert retry_after.left() == retry_after.left() == 0
        retry_after.keep(60)
        assert len(caplog.records) == 1

    @pytest.mark.skipif(os.name != "posix", reason="no named pipes elsewhere")
    @pytest.mark.timeout(60)
    def test_a_named_pipe_is_no_silence_and_not_waited_for(self, tmp_path) -> None:
        retry_after = RetryAfter(tmp_path, "http://one")
        os.mkfifo(retry_after.path)
        assert retry_after.left() == 0
        retry_after.keep(60)
        assert retry_after.left() > 50

    @pytest.mark.skipif(os.name != "posix", reason="links take a privilege elsewhere")
    def test_no_planted_link_leads_the_file_elsewhere(self, tmp_path) -> None:
        retry_after = RetryAfter(tmp_path, "http://one")
        victim = tmp_path / "victim"
        victim.write_text("somebody's own", encoding="utf-8")
        for path in (retry_after.path, tmp_path / f"{retry_after.path.name}.{os.getpid()}"):
            path.symlink_to(victim)
        retry_after.keep(60)
        assert victim.read_text(encoding="utf-8") == "somebody's own"
        assert RetryAfter(tmp_path, "http://one").left() > 0

    @pytest.mark.skipif(os.name != "posix", reason="folders have no such modes elsewhere")
    def test_a_home_that_is_closed_to_us(self, unwritable) -> None:
        retry_after = RetryAfter(unwritable / "below", "http://one")
        assert retry_after.left() == 0
        retry_after.keep(60)
        assert not retry_after.is_shared

    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("nan", 0),
            ("-inf", 0),
            ("inf", LONGEST),
            ("1" + "0" * 400, LONGEST),
            ("\udcff", 0),
            ("-5", 0),
        ],
    )
    def test_a_file_that_makes_no_sense(self, tmp_path, text, left) -> None:
        retry_after = RetryAfter(tmp_path, "http://one")
        retry_after.path.write_bytes(text.encode(errors="surrogateescape"))
        assert retry_after.left() == left
