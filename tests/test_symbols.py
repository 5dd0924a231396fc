"""Asking the exchange for its symbols: few or hundreds, and every way in which there is no answer."""

import socket
from pathlib import Path

import pytest
import urllib3

from prices.exchange.connection import REFUSALS
from prices.exchange.symbols import LONGEST_PATH, NAMED, Unanswered, ask, check, question
from tests.exchange import Running, local_exchange
from tests.faulty import Peer, faulty
from tests.secured import secured

HASTY = urllib3.Timeout(0.1)

CUT = b'{"symbols":[{"symbol":"BTC'
NO_TEXT = b'{"symbols":[{"symbol":"\xff","status":"TRADING"}]}'


def listed(folder: Path, number: int) -> list[Path]:
    """Recordings of one trade each: what makes a symbol known to the local exchange."""
    paths = [folder / f"COIN{i:03}USDT-aggTrades-2025-07-03.csv" for i in range(number)]
    for path in paths:
        path.write_text("1,2.0,3.0,1,1,1751500800000,True,True\n")
    return paths


@pytest.fixture(scope="module")
def exchange():
    with local_exchange() as running:
        yield running


class TestQuestion:
    def test_names_what_it_asks_for(self) -> None:
        assert question(["BTCUSDT", "ETHUSDT"]) == (
            "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D"
        )

    def test_letters_of_every_script(self) -> None:
        assert question(["币USDT"]).endswith("?symbols=%5B%22%E5%B8%81USDT%22%5D")

    def test_of_nothing_is_for_all(self) -> None:
        assert question([]) == "/api/v3/exchangeInfo"

    @pytest.mark.parametrize("symbol", ["BTCUSDT", "币安人生USDT", "A" * 50])
    def test_that_would_be_too_long_is_for_all(self, symbol) -> None:
        longest = max(number for number in range(1, 900) if "?" in question([symbol] * number))
        assert LONGEST_PATH - 200 < len(question([symbol] * longest)) <= LONGEST_PATH
        assert question([symbol] * (longest + 1)) == "/api/v3/exchangeInfo"


class TestAnswer:
    def test_is_the_status_of_each(self, exchange: Running) -> None:
        assert check(exchange.rest_url, ["ETHUSDT", "BTCUSDT"]) == {
            "ETHUSDT": "TRADING",
            "BTCUSDT": "TRADING",
        }

    def test_names_the_one_that_is_not_listed_and_its_likes(self, exchange: Running) -> None:
        with pytest.raises(ValueError, match=r"no symbol BTCUDST\. Did you mean BTCUSDT\?"):
            check(exchange.rest_url, ["ETHUSDT", "BTCUDST"])

    def test_names_the_one_that_is_not_listed_among_hundreds(self, tmp_path) -> None:
        paths = listed(tmp_path, 899)
        symbols = [path.name.partition("-")[0] for path in paths]
        with local_exchange(*paths) as exchange:
            assert len(check(exchange.rest_url, symbols)) == 899
            symbols.insert(500, "NONESUCH")
            with pytest.raises(ValueError, match=r"^Binance Spot lists no symbol NONESUCH\.$"):
                check(exchange.rest_url, symbols)

    def test_names_no_more_than_can_be_read(self, exchange: Running) -> None:
        wrong = [f"WRONG{i}" for i in range(900)]
        with pytest.raises(ValueError, match="Nor does it list 890 more") as error:
            check(exchange.rest_url, ["BTCUSDT", *wrong])
        assert str(error.value).count("lists no symbol") == NAMED


def told(*scripts) -> str:
    """What is said when there is no answer, because of a server that plays these scripts."""
    with faulty(*scripts) as url, pytest.raises(Unanswered) as error:
        ask(url.replace("ws://", "http://"), ["BTCUSDT"], HASTY)
    return str(error.value)


def answer(status: str, body: bytes = b"<html><h1>no</h1></html>"):
    return lambda peer: peer.refuse(status, body)


class TestNoAnswer:
    """Each is told in one sentence or two, and never in HTML."""

    @pytest.mark.parametrize(
        ("status", "why"),
        [
            ("451 Unavailable For Legal Reasons", f"HTTP 451. {REFUSALS[451]}"),
            ("403 Forbidden", "HTTP 403. Its firewall refuses this address."),
            ("418 I'm a teapot", f"HTTP 418. {REFUSALS[418]}"),
            ("429 Too Many Requests", "HTTP 429. This address asks too much."),
            ("500 Internal Server Error", "HTTP 500. It is in trouble."),
            ("503 Service Unavailable", "HTTP 503. It is in trouble."),
            ("404 Not Found", "HTTP 404."),
            ("414 URI Too Long", "HTTP 414."),
        ],
    )
    def test_a_refusal(self, status, why) -> None:
        assert told(answer(status)) == f"The exchange refused to list its symbols with {why}"

    def test_a_refusal_with_a_reason_of_its_own(self) -> None:
        body = b'{"code":-1003,"msg":"Way too much request weight used."}'
        assert told(answer("400 Bad Request", body)) == (
            "The exchange refused to list its symbols with HTTP 400."
            " Way too much request weight used."
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
        assert why == "The exchange refused to list its symbols with HTTP 302."
        assert followed == []

    @pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", CUT, NO_TEXT])
    def test_a_body_that_is_no_list(self, body) -> None:
        why = told(answer("200 OK", body))
        assert why.startswith("The exchange answered, but with no list of symbols: ")
        assert why.endswith(".")
        assert "html" not in why

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
            ask(url.replace("ws://", "https://"), ["BTCUSDT"])
        assert str(error.value).startswith("The exchange's certificate is not trusted: ")

    def test_nothing_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(Unanswered, match="Nothing listens at the exchange's address"):
            ask(f"http://127.0.0.1:{port}", ["BTCUSDT"])

    def test_a_name_that_does_not_resolve(self) -> None:
        with pytest.raises(Unanswered, match="The exchange's name cannot be resolved"):
            ask("http://no-such-host.invalid", ["BTCUSDT"])
