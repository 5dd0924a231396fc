"""Proxies: which one leads where, both roads through it, and what is told when it is the fault."""

import socket
import ssl
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.exchange import connection
from prices.exchange.proxies import BadProxy, Proxy, choose
from prices.exchange.rest import Rest
from prices.exchange.rest_errors import Unanswered
from prices.exchange.stream import Up
from tests.exchange.test_rest import answer
from tests.support.faulty_server import TEXT, Peer, faulty, frame
from tests.support.feeds import Life, first, stay
from tests.support.proxies import NAME, SocksProxy, TestProxy, abroad, proxy
from tests.support.secured import ABROAD, secured

HTTPS = "https://data-api.binance.vision"
WSS = "wss://data-stream.binance.vision"
SOCKS = {"ALL_PROXY": "socks5h://s:1080"}


def host_of(url: str, **environ: str) -> str | None:
    found = choose(url, environ)
    return found and found.host


class TestChoice:
    @pytest.mark.parametrize("urls", [(HTTPS, WSS), ("http://a.example", "ws://a.example")])
    @pytest.mark.parametrize(
        "environ",
        [
            {},
            {"HTTPS_PROXY": "http://s:1", "HTTP_PROXY": "http://p:2"},
            {"https_proxy": "http://s:1", "http_proxy": "http://p:2"},
            SOCKS,
            {"HTTPS_PROXY": "http://s:1", "NO_PROXY": "*"},
        ],
    )
    def test_is_the_same_for_both_roads(self, urls, environ) -> None:
        assert len({host_of(url, **environ) for url in urls}) == 1

    def test_goes_by_the_scheme(self) -> None:
        environ = {"HTTPS_PROXY": "http://s:1", "HTTP_PROXY": "http://p:2", "ALL_PROXY": "all:3"}
        assert [host_of(url, **environ) for url in (WSS, HTTPS)] == ["s", "s"]
        assert [host_of(f"{scheme}://a.example", **environ) for scheme in ("ws", "http")] == [
            "p"
        ] * 2
        assert host_of(WSS, HTTP_PROXY="p", ALL_PROXY="all") == "all"
        assert host_of(WSS, HTTP_PROXY="p") is None

    def test_lower_case_comes_first_and_nothing_is_no_proxy(self) -> None:
        assert host_of(WSS, https_proxy="low", HTTPS_PROXY="up", all_proxy="all") == "low"
        assert host_of(WSS, https_proxy="", HTTPS_PROXY="up", all_proxy="all") is None
        assert host_of(WSS, all_proxy="low", ALL_PROXY="up") == "low"

    @pytest.mark.parametrize(
        "host",
        [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "localhost.localdomain",
            "ip6-localhost",
            "127.0.0.1",
            "127.8.9.10",
            "127.1",
            "0x7f000001",
            "2130706433",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",  # noqa: S104 - asked for, not listened on
            "[::]",
        ],
    )
    def test_loopback_goes_through_none(self, host) -> None:
        for scheme in ("ws", "wss", "http", "https"):
            for value in ("http://p:1", "no proxy at all"):
                environ = dict.fromkeys(("http_proxy", "HTTPS_PROXY", "ALL_PROXY"), value)
                assert choose(f"{scheme}://{host}:8080", environ) is None

    @pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.example", "mylocalhost"])
    def test_names_that_look_like_loopback_are_none(self, host) -> None:
        assert host_of(f"http://{host}", http_proxy="p") == "p"

    @pytest.mark.parametrize(
        ("entries", "exempt"),
        [
            ("data-api.binance.vision", True),
            ("DATA-API.Binance.Vision.", True),
            ("binance.vision", True),
            (".binance.vision", True),
            ("*.binance.vision", True),
            ("a.example, .vision", True),
            ("a.example .vision", True),
            ("binance.vision:443", True),
            ("binance.vision:8443", False),
            ("*", True),
            ("a,*", True),
            ("", False),
            (",", False),
            ("nance.vision", False),
            ("x.data-api.binance.vision", False),
            ("10.0.0.0/8", False),
        ],
    )
    def test_names_that_need_none(self, entries, exempt) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            assert (host_of(HTTPS, https_proxy="p", **{name: entries}) is None) == exempt

    @pytest.mark.parametrize(
        ("host", "entries", "exempt"),
        [
            ("10.1.2.3", "10.0.0.0/8", True),
            ("11.1.2.3", "10.0.0.0/8", False),
            ("10.1.2.3", "10.1.2.3", True),
            ("10.1.2.3", "10.1.2.3:443", True),
            ("10.1.2.3", "10.1.2.3:80", False),
            ("10.1.2.3", "2.3", False),
            ("[2001:db8::5]", "2001:db8::/32", True),
            ("[2001:db8::5]", "2001:0db8::0005", True),
            ("[2001:db8::5]", "[2001:db8::5]:443", True),
            ("[2001:db8::5]", "[2001:db8::5]:80", False),
            ("[2001:db8::5]", "10.0.0.0/8", False),
        ],
    )
    def test_addresses_that_need_none(self, host, entries, exempt) -> None:
        found = host_of(f"https://{host}", https_proxy="p", no_proxy=entries)
        assert (found is None) == exempt

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("proxy.example:3128", Proxy("http", "proxy.example", 3128, "https_proxy")),
            ("http://proxy.example", Proxy("http", "proxy.example", 80, "https_proxy")),
            ("http://proxy.example/", Proxy("http", "proxy.example", 80, "https_proxy")),
            ("HTTP://[::2]:1", Proxy("http", "::2", 1, "https_proxy")),
            ("socks5://p", Proxy("socks5", "p", 1080, "https_proxy")),
            ("http://u:p%40ss%2F@h:1", Proxy("http", "h", 1, "https_proxy", "u", "p@ss/")),
            ("http://u@h:1", Proxy("http", "h", 1, "https_proxy", "u", "")),
        ],
    )
    def test_a_value_is_understood(self, value, found) -> None:
        assert choose(WSS, {"https_proxy": value}) == found
        assert "p@ss" not in repr(found) + str(found)

    @pytest.mark.parametrize(
        "value",
        [
            "http://",
            "ftp://u:hunter2@h:21",
            "http://u:hunter2@h:99999",
            "http://u:hunter2@h:0",
            "http://u:hunter2@h:x",
            "http://u:hunter2/3@h:1",
            "http://u:hunter2#3@h:1",
            "http://u:hunter2@h:1/path",
            "http://u:hunter2@[h:1",
            "u:hunter2@h o:1",
            "https://u:hunter2@h:1",
            "socks6://u:hunter2@h:1",
            "socks5://u:hunter2%C3%B6@h:1",
        ],
    )
    def test_nonsense_is_refused_by_name_without_its_password(self, value) -> None:
        with pytest.raises(BadProxy, match=r"^HTTPS_PROXY .*\.$") as error:
            choose(WSS, {"HTTPS_PROXY": value})
        assert "hunter2" not in str(error.value)
        assert error.value.__cause__ is None

    def test_a_network_that_is_none_is_refused(self) -> None:
        with pytest.raises(BadProxy, match=r"^NO_PROXY holds '10\.0\.0\.0/99', but"):
            choose(WSS, {"https_proxy": "p", "NO_PROXY": "binance.vision,10.0.0.0/99"})

    @given(st.text(), st.text())
    def test_any_value_is_understood_or_refused(self, value, exempt) -> None:
        with suppress(BadProxy):
            choose(WSS, {"https_proxy": value, "no_proxy": exempt})


KINDS = [("http", TestProxy), ("socks5h", SocksProxy)]


def names(scheme: str, running: TestProxy, login: str = "") -> dict[str, str]:
    return {"ALL_PROXY": f"{scheme}://{login}{running.where}"}


def talk(peer: Peer) -> None:
    peer.upgrade(frame(TEXT, b"tick"))
    stay(peer)


def streamed(url: str, environ: dict[str, str], context: ssl.SSLContext | None = None) -> list:
    def connect(url: str) -> connection.Connection:
        return connection.connect(url, context, environ)

    return first(2, Life().stream(abroad(url), connect=connect))


def asked(url: str, environ: dict[str, str]) -> bytes:
    with Rest(abroad(url.replace("ws", "http", 1)), environ=environ) as rest:
        return rest.get("ping", 1)


@pytest.mark.parametrize(("scheme", "kind"), KINDS)
class TestBothRoads:
    def test_go_through_it(self, scheme, kind) -> None:
        with (
            faulty(talk, answer("200 OK", b"{}")) as url,
            proxy(url, kind) as running,
        ):
            assert streamed(url, names(scheme, running)) == [Up(), b"tick"]
            assert asked(url, names(scheme, running)) == b"{}"
        assert running.asked == [abroad(url).removeprefix("ws://")] * 2

    def test_log_in_to_it(self, scheme, kind) -> None:
        with (
            faulty(talk, answer("200 OK", b"{}")) as url,
            proxy(url, kind, "user:p@ss/:word") as running,
        ):
            environ = names(scheme, running, "user:p%40ss%2F%3Aword@")
            assert streamed(url, environ) == [Up(), b"tick"]
            assert asked(url, environ) == b"{}"

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems have a store of their own")
    def test_trust_the_same_store_behind_it(self, scheme, kind, monkeypatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(ABROAD))
        scripts = secured(talk, ABROAD), secured(answer("200 OK", b"{}"), ABROAD)
        with faulty(*scripts) as url, proxy(url, kind) as running:
            url = url.replace("ws:", "wss:")
            environ = names(scheme, running)
            assert streamed(url, environ) == [Up(), b"tick"]
            assert asked(url, environ) == b"{}"
        assert running.asked == [abroad(url).removeprefix("wss://")] * 2

    def test_check_the_exchanges_certificate_behind_it(self, scheme, kind) -> None:
        with (
            faulty(secured(talk), secured(answer("200 OK"))) as url,
            proxy(url, kind) as running,
        ):
            environ = names(scheme, running)
            (down, *_) = first(
                1,
                Life().stream(
                    abroad(url.replace("ws:", "wss:")),
                    connect=lambda url: connection.connect(url, None, environ),
                ),
            )
            assert down.reason.startswith("The exchange's certificate is not trusted: ")
            with pytest.raises(Unanswered, match="The exchange's certificate is not trusted: "):
                asked(url.replace("ws:", "wss:"), environ)
        assert len(running.asked) == 2

    def test_tell_that_it_is_down(self, scheme, kind) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            where = f"127.0.0.1:{server.getsockname()[1]}"
        wanted = f"The proxy at {where} (ALL_PROXY) cannot be reached: nothing listens there."
        assert told({"ALL_PROXY": f"{scheme}://{where}"}) == [wanted] * 2

    def test_tell_that_its_name_is_unknown(self, scheme, kind) -> None:
        wanted = (
            "The proxy at no-such-host.invalid:3128 (https_proxy) cannot be found: "
            "its name does not resolve."
        )
        environ = {"https_proxy": f"{scheme}://no-such-host.invalid:3128"}
        assert told(environ) == [wanted] * 2

    def test_tell_that_it_wants_a_password(self, scheme, kind) -> None:
        with proxy("ws://127.0.0.1:1", kind, "user:hunter2") as running:
            sentences = told(names(scheme, running))
            sentences += told(names(scheme, running, "user:wrong@"))
        for sentence in sentences:
            assert sentence.startswith(f"The proxy at {running.where} (ALL_PROXY) ")
            assert "wrong" not in sentence

    def test_tell_that_it_is_none(self, scheme, kind) -> None:
        def chatter(peer: Peer) -> None:
            peer.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
            peer.incoming.read()

        with faulty(chatter, chatter) as url:
            where = url.removeprefix("ws://")
            sentences = told({"ALL_PROXY": f"{scheme}://{where}"})
        assert all(s.startswith(f"The proxy at {where} (ALL_PROXY) ") for s in sentences)

    def test_tell_that_it_hangs_up(self, scheme, kind) -> None:
        with faulty(lambda peer: None, lambda peer: None) as url:
            where = url.removeprefix("ws://")
            sentences = told({"ALL_PROXY": f"{scheme}://{where}"})
        assert all(s.startswith(f"The proxy at {where} (ALL_PROXY) ") for s in sentences)


def told(environ: dict[str, str]) -> list[str]:
    """What is said of a proxy: by the stream, and by REST."""

    def connect(url: str) -> connection.Connection:
        return connection.connect(url, None, environ)

    (down,) = first(1, Life().stream(f"wss://{NAME}", connect=connect))
    with Rest(f"https://{NAME}", environ=environ) as rest, pytest.raises(Unanswered) as error:
        rest.get("ping", 1)
    return [down.reason, str(error.value)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "wanted"),
        [
            ("403 Forbidden", "refused to connect to exchange.example:443 with HTTP 403."),
            ("502 Bad Gateway", "could not connect to exchange.example:443 (HTTP 502)."),
            (
                "407 Proxy Authentication Required",
                (
                    "requires a user name and a password: add them to HTTPS_PROXY as "
                    "http://user:password@host:port."
                ),
            ),
        ],
    )
    def test_of_a_proxy_are_told_as_such(self, status, wanted) -> None:
        def refuse(peer: Peer) -> None:
            peer.refuse(status, b"<html>no</html>")

        with faulty(refuse, refuse) as url:
            where = url.removeprefix("ws://")
            sentences = told({"HTTPS_PROXY": f"http://{where}"})
        assert sentences == [f"The proxy at {where} (HTTPS_PROXY) {wanted}"] * 2

    def test_an_answer_without_end(self) -> None:
        def flood(peer: Peer) -> None:
            peer.read_request()
            while True:
                peer.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000)

        with faulty(flood, flood) as url:
            where = url.removeprefix("ws://")
            for sentence in told({"HTTPS_PROXY": where}):
                assert sentence.startswith(f"The proxy at {where} (HTTPS_PROXY) ")
