"""Asking REST: what is answered, every way in which nothing is, and how it is not asked too
much.
"""

import socket

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.failures import REFUSALS
from prices.exchange.rate_limit import CROWDED, MINUTE, SHARE, RateLimiter
from prices.exchange.rest import LONGEST_ANSWER, Rest
from prices.exchange.rest_errors import Refused, Stopped, Unanswered
from prices.exchange.retry_after import LONGEST, RetryAfter
from tests.support.faulty_server import Peer, faulty
from tests.support.local_exchange import local_exchange
from tests.support.secured import secured

HASTY = urllib3.Timeout(0.1)


def told(*scripts) -> str:
    """What is said when there is no answer, because of a server that plays these scripts."""
    with (
        faulty(*scripts) as url,
        Rest(url.replace("ws://", "http://"), timeout=HASTY) as rest,
        pytest.raises(Unanswered) as error,
    ):
        rest.get("ping", 1)
    return str(error.value)


def answer(status: str, body: bytes = b"<html><h1>no</h1></html>"):
    return lambda peer: peer.refuse(status, body)


class TestNoAnswer:
    """Each is told in one sentence or two, and never in HTML."""

    @pytest.mark.parametrize(
        ("status", "why"),
        [
            ("451 Unavailable For Legal Reasons", f"HTTP 451. {REFUSALS[451]}"),
            ("403 Forbidden", "HTTP 403. Its firewall blocks this IP address."),
            ("418 I'm a teapot", f"HTTP 418. {REFUSALS[418]}"),
            ("429 Too Many Requests", "HTTP 429. Too many requests from this IP address."),
            ("500 Internal Server Error", "HTTP 500. Server error."),
            ("503 Service Unavailable", "HTTP 503. Server error."),
            ("404 Not Found", "HTTP 404."),
            ("414 URI Too Long", "HTTP 414."),
        ],
    )
    def test_a_refusal(self, status, why) -> None:
        assert told(answer(status)) == f"The exchange refused the request with {why}"

    def test_a_refusal_with_a_reason_of_its_own(self) -> None:
        body = b'{"code":-1003,"msg":"Way too much request weight used."}'
        assert told(answer("400 Bad Request", body)) == (
            "The exchange refused the request with HTTP 400. Way too much request weight used."
        )

    def test_a_refusal_that_we_know_more_of_than_the_exchange_says(self) -> None:
        body = b'{"code":0,"msg":"Service unavailable from a restricted location."}'
        assert told(answer("451 Unavailable For Legal Reasons", body)).endswith(REFUSALS[451])

    def test_a_redirect_is_not_followed(self) -> None:
        followed = []

        def redirect(peer: Peer) -> None:
            peer.read_request()
            peer.send(
                b"HTTP/1.1 302 Found\r\nLocation: /login\r\nConnection: close\r\n"
                b"Content-Length: 0\r\n\r\n"
            )

        why = told(redirect, lambda peer: followed.append(peer))
        assert why == "The exchange refused the request with HTTP 302."
        assert followed == []

    def test_a_body_that_ends_early(self) -> None:
        def cut(peer: Peer) -> None:
            peer.read_request()
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"symbols":[')

        assert told(cut).startswith("The connection broke: ")

    def test_no_http(self) -> None:
        assert told(lambda peer: peer.send(b"SSH-2.0-OpenSSH_9.6\r\n")).startswith(
            "The connection broke: "
        )

    @pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
    def test_a_server_that_falls_silent(self, said) -> None:
        def mute(peer: Peer) -> None:
            peer.read_request()
            peer.send(said)
            peer.incoming.read()

        assert told(mute) == "The exchange did not answer in time."

    def test_a_certificate_that_nobody_trusts(self) -> None:
        with faulty(secured(answer("200 OK"))) as url, pytest.raises(Unanswered) as error:
            Rest(url.replace("ws://", "https://")).get("ping", 1)
        assert str(error.value).startswith("The exchange's certificate is not trusted: ")

    def test_nothing_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(Unanswered, match="Nothing listens at the exchange's address"):
            Rest(f"http://127.0.0.1:{port}").get("ping", 1)

    def test_a_name_that_does_not_resolve(self) -> None:
        with pytest.raises(Unanswered, match="The exchange's host name does not resolve"):
            Rest("http://no-such-host.invalid").get("ping", 1)

    def test_an_answer_without_end_is_given_up(self) -> None:
        now = iter([0.0, 0.0, 0.0, 0.0, LONGEST_ANSWER + 1.0])

        def drip(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
            peer.incoming.read()

        with (
            faulty(drip) as url,
            Rest(url.replace("ws://", "http://"), clock=now.__next__) as rest,
            pytest.raises(Unanswered, match="is too slow"),
        ):
            rest.get("ping", 1)

    def test_a_refusal_of_the_question_itself_is_told_apart(self) -> None:
        with (
            local_exchange() as running,
            Rest(running.rest_url) as rest,
            pytest.raises(Refused, match=r"HTTP 400\. Invalid symbol\.") as refused,
        ):
            rest.get("aggTrades", 4, symbol="NONESUCH")
        assert refused.value.code == -1121


class Waiting:
    """A clock that stands still but for the sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.stop = False

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def rest(self, url: str, retry_after: RetryAfter | None = None) -> Rest:
        url = url.replace("ws://", "http://")
        clock = lambda: self.now
        return Rest(
            url, sleep=self.sleep, clock=clock, stopped=lambda: self.stop, retry_after=retry_after
        )


def limited(status: str, *headers: str):
    def refuse(peer: Peer) -> None:
        peer.read_request()
        lines = [f"HTTP/1.1 {status}", *headers, "Connection: close", "Content-Length: 0"]
        peer.send("\r\n".join([*lines, "", ""]).encode())

    return refuse


def test_requests_and_their_weight_are_counted() -> None:
    with (
        faulty(answer("200 OK", b"{}"), answer("503 Service Unavailable")) as url,
        Waiting().rest(url) as rest,
    ):
        rest.get("ping", 1)
        with pytest.raises(Unanswered):
            rest.get("aggTrades", 4)
        assert (rest.requests, rest.weight) == (2, 5)


class TestSilence:
    @pytest.mark.parametrize(
        ("status", "header", "silence"),
        [
            ("429 Too Many Requests", "Retry-After: 17", 17),
            ("429 Too Many Requests", "retry-after: soon", 60),
            ("418 I'm a teapot", "Retry-After: 7200", 7200),
            ("418 I'm a teapot", "X-Other: 1", 120),
        ],
    )
    def test_is_kept_for_as_long_as_the_exchange_wants(self, status, header, silence) -> None:
        waiting = Waiting()
        scripts = limited(status, header), answer("200 OK", b"{}")
        with faulty(*scripts) as url, waiting.rest(url) as rest:
            with pytest.raises(Unanswered):
                rest.get("ping", 1)
            assert waiting.slept == []
            assert rest.get("ping", 1) == b"{}"
        assert waiting.slept == [silence]

    def test_is_kept_even_when_the_answer_that_asks_for_it_is_cut(self) -> None:
        def cut(peer: Peer) -> None:
            peer.read_request()
            peer.send(b"HTTP/1.1 429 No\r\nRetry-After: 55\r\nContent-Length: 99\r\n\r\n{")

        waiting = Waiting()
        with faulty(cut, answer("200 OK", b"{}")) as url, waiting.rest(url) as rest:
            with pytest.raises(Unanswered):
                rest.get("ping", 1)
            rest.get("ping", 1)
        assert waiting.slept == [55]

    def test_a_server_that_is_mute_does_not_hold_up_a_stop(self) -> None:
        waiting = Waiting()

        def mute(peer: Peer) -> None:
            peer.read_request()
            waiting.stop = True
            peer.incoming.read()

        with faulty(mute) as url, waiting.rest(url) as rest, pytest.raises(Stopped):
            rest.get("ping", 1)

    def test_ends_with_a_stop(self) -> None:
        waiting = Waiting()
        refuse = limited("429 Too Many Requests", "Retry-After: 60")
        with faulty(refuse) as url, waiting.rest(url) as rest:
            with pytest.raises(Unanswered):
                rest.get("ping", 1)
            waiting.stop = True
            with pytest.raises(Stopped):
                rest.get("ping", 1)

    def test_is_kept_when_others_have_used_up_what_the_address_may(self) -> None:
        waiting = Waiting()
        used = limited("200 OK", f"X-MBX-USED-WEIGHT-1M: {int(6000 * CROWDED) + 1}")
        with faulty(used, answer("200 OK", b"{}")) as url, waiting.rest(url) as rest:
            rest.get("ping", 1)
            rest.get("ping", 1)
        assert waiting.slept == [MINUTE]


@given(
    limit=st.integers(1, 6000),
    # Pauses of 1/1024 s add up exactly in a float, so that a minute is one for both.
    asked=st.lists(
        st.tuples(
            st.sampled_from([1, 2, 4, 20, 25]), st.integers(0, 90 << 10).map(lambda n: n / 1024)
        ),
        max_size=60,
    ),
)
def test_no_minute_spends_more_than_its_share(limit, asked) -> None:
    rate_limiter, now, spent = RateLimiter(), 0.0, []
    rate_limiter.limit = limit
    for weight, pause in asked:
        now += pause
        while wait := rate_limiter.wait(weight, now):
            now += wait
        rate_limiter.spend(weight, now)
        spent.append((now, weight))
    for began, _ in spent:
        within = [weight for at, weight in spent if began <= at < began + MINUTE]
        assert sum(within) <= limit * SHARE or len(within) == 1


class TestSilenceOfOthers:
    def test_is_kept_by_a_process_that_starts_meanwhile(self, tmp_path) -> None:
        waiting = Waiting()
        refuse = limited("418 I'm a teapot", "Retry-After: 300")
        with faulty(refuse, answer("200 OK", b"{}")) as url:
            retry_after = RetryAfter(tmp_path, url, wall_clock=lambda: waiting.now)
            with waiting.rest(url, retry_after) as first, pytest.raises(Unanswered):
                first.get("ping", 1)
            waiting.now += 100
            with waiting.rest(url, retry_after) as second:
                assert second.get("ping", 1) == b"{}"
        assert waiting.slept == [200]

    def test_is_that_of_one_exchange(self, tmp_path) -> None:
        RetryAfter(tmp_path, "http://one").keep(60)
        assert RetryAfter(tmp_path, "http://one").left() > 0
        assert RetryAfter(tmp_path, "http://other").left() == 0

    def test_a_shorter_one_does_not_end_a_longer_one(self, tmp_path) -> None:
        retry_after = RetryAfter(tmp_path, "http://one", wall_clock=lambda: 1000)
        retry_after.keep(300)
        retry_after.keep(20)
        assert retry_after.left() == 300

    def test_a_clock_set_back_pauses_no_longer_than_a_ban(self, tmp_path) -> None:
        RetryAfter(tmp_path, "http://one", wall_clock=lambda: 10**9).keep(60)
        assert RetryAfter(tmp_path, "http://one", wall_clock=lambda: 1000).left() == LONGEST

    def test_a_file_that_was_cut_is_none(self, tmp_path) -> None:
        retry_after = RetryAfter(tmp_path, "http://one")
        retry_after.keep(60)
        retry_after.path.write_text("", encoding="utf-8")
        assert retry_after.left() == 0
