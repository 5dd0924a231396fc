"""The environment: sensible values are taken, nonsense is refused in one sentence that names the
variable.
"""

import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from prices.management.commands.start import DEMO_SETTINGS, demo_environment
from pricetracker import env, secret_key
from pricetracker.markets import MARKETS, market_of
from tests.support.recorders import PATIENCE, PROJECT, manage

NAME = "SOME_VARIABLE"


def read(
    monkeypatch: pytest.MonkeyPatch, value: str | None, reader: Callable, *args: object
) -> object:
    """What a reader makes of the variable; None: it is unset."""
    if value is None:
        monkeypatch.delenv(NAME, raising=False)
    else:
        monkeypatch.setenv(NAME, value)
    return reader(NAME, *args)


def refusal(monkeypatch: pytest.MonkeyPatch, value: str, reader: Callable, *args: object) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(monkeypatch, value, reader, *args)
    sentence = str(refused.value)
    assert re.fullmatch(rf"[^\n]*{NAME}[^\n]*\.", sentence)
    return sentence


class TestFlag:
    @pytest.mark.parametrize("value", ["1", "true", "True", "YES", " on "])
    def test_on(self, monkeypatch, value) -> None:
        assert read(monkeypatch, value, env.flag, False) is True

    @pytest.mark.parametrize("value", ["0", "false", "No", "OFF", "", " "])
    def test_off(self, monkeypatch, value) -> None:
        assert read(monkeypatch, value, env.flag, True) is False

    @pytest.mark.parametrize("default", [True, False])
    def test_unset(self, monkeypatch, default) -> None:
        assert read(monkeypatch, None, env.flag, default) is default

    @pytest.mark.parametrize("value", ["2", "maybe", "tru", "disabled", "-1"])
    def test_nonsense(self, monkeypatch, value) -> None:
        assert repr(value) in refusal(monkeypatch, value, env.flag, False)


class TestCount:
    @pytest.mark.parametrize(
        ("value", "number"),
        [(None, 60), ("", 60), ("0", 0), (" 12 ", 12), ("999999999", 999999999)],
    )
    def test_sense(self, monkeypatch, value, number) -> None:
        assert read(monkeypatch, value, env.count, 60) == number

    @pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "many", "\uff11", "1000000000"])
    def test_nonsense(self, monkeypatch, value) -> None:
        assert repr(value) in refusal(monkeypatch, value, env.count, 60)


class TestSymbols:
    @pytest.mark.parametrize(
        ("value", "symbols"),
        [
            (None, ["BTCUSDT", "ETHUSDT"]),
            ("btcusdt", ["BTCUSDT"]),
            (" ethusdt , BTCUSDT,", ["ETHUSDT", "BTCUSDT"]),
            ("BTCUSDT,btcusdt,ETHUSDT", ["BTCUSDT", "ETHUSDT"]),
            ("币安人生usdt,1000SATSUSDT", ["币安人生USDT", "1000SATSUSDT"]),
        ],
    )
    def test_sense(self, monkeypatch, value, symbols) -> None:
        assert read(monkeypatch, value, env.symbols, "BTCUSDT,ETHUSDT") == symbols

    @pytest.mark.parametrize(
        "value",
        ["", " ", ",", "BTC/USDT", "BTCUSDT ETHUSDT", "BTCUSDT;ETHUSDT", "A" * 51, "BTCUSDT,*"],
    )
    def test_nonsense(self, monkeypatch, value) -> None:
        refusal(monkeypatch, value, env.symbols, "BTCUSDT,ETHUSDT")


class TestUrl:
    DEFAULT = "wss://data-stream.binance.vision"

    @pytest.mark.parametrize(
        ("value", "url"),
        [
            (None, "wss://data-stream.binance.vision"),
            ("wss://stream.binance.com:9443/", "wss://stream.binance.com:9443"),
            (" ws://127.0.0.1:8765 ", "ws://127.0.0.1:8765"),
            ("ws://[::1]:8765", "ws://[::1]:8765"),
            ("wss://proxy.example/binance", "wss://proxy.example/binance"),
        ],
    )
    def test_sense(self, monkeypatch, value, url) -> None:
        assert read(monkeypatch, value, env.url, self.DEFAULT, "wss", "ws") == url

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "stream.binance.com",
            "stream.binance.com:9443",
            "https://stream.binance.com",
            "wss://",
            "wss://:9443",
            "wss://host:port",
            "wss://host:0",
            "wss://host:65536",
            "wss://[::1",
            "wss://host?streams=btcusdt@trade",
            "wss://host#fragment",
            "wss://a host",
            "wss://host\x01",
        ],
    )
    def test_nonsense(self, monkeypatch, value) -> None:
        assert self.DEFAULT in refusal(monkeypatch, value, env.url, self.DEFAULT, "wss", "ws")


class TestMarket:
    @pytest.mark.parametrize(
        ("value", "market"),
        [
            (None, "binance"),
            ("binance", "binance"),
            (" BinanceUS ", "binanceus"),
            ("binance_testnet", "binance_testnet"),
        ],
    )
    def test_sense(self, monkeypatch, value, market) -> None:
        assert read(monkeypatch, value, env.market, "binance") == market

    @pytest.mark.parametrize("value", ["", " ", "kraken", "binance,binanceus", "testnet", "demo"])
    def test_nonsense(self, monkeypatch, value) -> None:
        said = refusal(monkeypatch, value, env.market, "binance")
        assert "binance, binanceus or binance_testnet" in said

    @pytest.mark.parametrize(
        ("value", "market"),
        [
            ("wss://stream.binance.com:9443", "binance"),
            ("wss://stream.binance.com", "binance"),
            ("https://api3.binance.com", "binance"),
            ("https://api-gcp.binance.com", "binance"),
            ("wss://data-stream.binance.vision:443", "binance"),
            ("wss://stream.testnet.binance.vision", "binance_testnet"),
            ("https://TESTNET.binance.vision.", "binance_testnet"),
            ("wss://stream.binance.us:9443", "binanceus"),
            ("https://api.binance.us/", "binanceus"),
            ("https://demo-api.binance.com", "Binance's demo mode"),
            ("wss://fstream.binance.com", "Binance's derivatives"),
            ("https://dapi.binance.com", "Binance's derivatives"),
            ("wss://stream.binancefuture.com", "Binance's derivatives"),
            ("ws://127.0.0.1:9443", None),
            ("wss://proxy.example/stream.binance.us", None),
            ("wss://notbinance.us", None),
        ],
    )
    def test_a_known_host_is_of_one_market_alone(self, monkeypatch, value, market) -> None:
        schemes = ("wss", "ws", "https", "http")
        for named, defaults in MARKETS.items():
            reader = partial(env.url_of_market, market=named)
            if market in (named, None):
                assert read(monkeypatch, value, reader, defaults.ws_url, *schemes)
                continue
            said = refusal(monkeypatch, value, reader, defaults.ws_url, *schemes)
            assert f"a host of {market}, but BINANCE_EXCHANGE is {named}: " in said

    @pytest.mark.parametrize("market", MARKETS)
    def test_each_market_has_its_own_hosts(self, market) -> None:
        assert [market_of(url) for url in MARKETS[market]] == [market, market]


class TestHosts:
    @pytest.mark.parametrize(
        ("value", "hosts"),
        [
            (None, ["localhost", "[::1]"]),
            ("prices.example", ["prices.example"]),
            (" Prices.Example , 10.0.0.7,", ["Prices.Example", "10.0.0.7"]),
            ("[2001:db8::1]", ["[2001:db8::1]"]),
            (".example", [".example"]),
            ("price_tracker,xn--nxasmq6b.example", ["price_tracker", "xn--nxasmq6b.example"]),
            ("*", ["*"]),
        ],
    )
    def test_sense(self, monkeypatch, value, hosts) -> None:
        assert read(monkeypatch, value, env.hosts, "localhost,[::1]") == hosts

    @pytest.mark.parametrize(
        "value",
        [
            "",
            ",",
            "a b",
            "http://x.com",
            "x.com/",
            "x.com:8000",
            "x..com",
            "x.com.",
            "..com",
            ".",
            "-x.com",
            "*.x.com",
            "::1",
            "[::1",
            "[::g]",
            "[10.0.0.7]",
            "b\u00fccher.example",
            "localhost,a b",
        ],
    )
    def test_nonsense(self, monkeypatch, value) -> None:
        refusal(monkeypatch, value, env.hosts, "localhost,[::1]")


class TestDatabase:
    @pytest.mark.parametrize("value", [None, "", " "])
    def test_without_one_there_is_a_private_server(self, monkeypatch, value) -> None:
        assert read(monkeypatch, value, env.database) is None

    def test_a_url_is_taken_apart(self, monkeypatch) -> None:
        url = "postgresql://user:p%40ss@db.example:5433/prices?sslmode=require"
        assert read(monkeypatch, url, env.database) == {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "prices",
            "USER": "user",
            "PASSWORD": "p@ss",
            "HOST": "db.example",
            "PORT": "5433",
            "OPTIONS": {"sslmode": "require", "connect_timeout": 10},
        }

    def test_the_short_scheme_and_a_socket(self, monkeypatch) -> None:
        found = read(monkeypatch, "postgres:///prices?host=/run/postgresql", env.database)
        assert (found["NAME"], found["HOST"], found["PORT"]) == ("prices", "/run/postgresql", "")

    def test_how_long_to_wait_for_an_answer_may_be_said(self, monkeypatch) -> None:
        found = read(monkeypatch, "postgresql://db/prices?connect_timeout=3", env.database)
        assert found["OPTIONS"] == {"connect_timeout": "3"}

    def test_several_hosts(self, monkeypatch) -> None:
        found = read(monkeypatch, "postgresql://one:5432,two,three:6432/prices", env.database)
        assert (found["HOST"], found["PORT"]) == ("one,two,three", "5432,,6432")

    @pytest.mark.parametrize(
        "value",
        [
            "mysql://user:hunter2@host/name",
            "user:hunter2@host/name",
            "postgresql://user:hunter2@host",
            "postgresql://user:hunter2@host/",
            "postgresql://user:hunter2@host:5432x/name?hunter=2",
            "postgresql://user:hunter2@host/name?nonsense=1",
            "postgresql://user:hunter2@[::1/name",
            "postgresql://user:hunter2%zz@host/name",
            "postgresql://user:hunter2@host:99999999/name",
            "postgresql://user:hunter2@host:port/name",
            "host=db password=hunter2 dbname=name",
            "postgresql://user:50%hunter2@host/name",
            "postgresql://user:hunter2/slash@host/name",
            "postgresql://user:hunter2:colon@host:x/name",
        ],
    )
    def test_nonsense_is_refused_and_the_password_never_repeated(self, monkeypatch, value) -> None:
        assert "hunter" not in refusal(monkeypatch, value, env.database)


class TestSecretKey:
    def test_is_made_once_kept_and_nobody_elses_to_read(self, monkeypatch, tmp_path) -> None:
        kept = tmp_path / "home" / "secret_key"
        key = read(monkeypatch, None, secret_key.from_env, kept)
        assert len(key) >= 50
        assert read(monkeypatch, None, secret_key.from_env, kept) == key
        assert list(kept.parent.iterdir()) == [kept]
        if sys.platform != "win32":
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    def test_of_two_that_are_made_at_once_the_first_stays(self, tmp_path) -> None:
        kept = tmp_path / "secret_key"
        secret_key.keep_new_key(kept)
        first = kept.read_text(encoding="utf-8")
        secret_key.keep_new_key(kept)
        assert kept.read_text(encoding="utf-8") == first
        assert list(tmp_path.iterdir()) == [kept]

    def test_two_homes_have_two_keys(self, monkeypatch, tmp_path) -> None:
        one, two = (
            read(monkeypatch, None, secret_key.from_env, tmp_path / home / "key") for home in "ab"
        )
        assert one != two

    def test_one_of_the_users_own_is_taken_and_nothing_is_written(
        self, monkeypatch, tmp_path
    ) -> None:
        own = "a key of one's own: fifty characters or more of text"
        assert read(monkeypatch, own, secret_key.from_env, tmp_path / "secret_key") == own
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("weak", ["", "hunter2", "x" * 60])
    def test_a_weak_one_is_refused_and_not_repeated(self, monkeypatch, tmp_path, weak) -> None:
        sentence = refusal(monkeypatch, weak, secret_key.from_env, tmp_path / "secret_key")
        assert not weak or weak not in sentence

    def test_a_home_that_is_a_file_is_refused(self, monkeypatch, tmp_path) -> None:
        (tmp_path / "home").write_text("", encoding="utf-8")
        with pytest.raises(ImproperlyConfigured, match="PRICETRACKER_HOME must be a folder"):
            read(monkeypatch, None, secret_key.from_env, tmp_path / "home" / "secret_key")

    @pytest.mark.parametrize("content", ["", "short", "x" * 60, "\0" * 86])
    def test_a_kept_one_that_is_none_is_refused(self, monkeypatch, tmp_path, content) -> None:
        kept = tmp_path / "secret_key"
        kept.touch(mode=0o600)
        kept.write_text(content, encoding="utf-8")
        with pytest.raises(ImproperlyConfigured, match=r"holds no key .* delete it"):
            read(monkeypatch, None, secret_key.from_env, kept)

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
    @pytest.mark.timeout(60)
    def test_a_named_pipe_in_its_place_is_refused(self, monkeypatch, tmp_path) -> None:
        os.mkfifo(tmp_path / "secret_key", mode=0o600)
        with pytest.raises(ImproperlyConfigured, match="holds no key"):
            read(monkeypatch, None, secret_key.from_env, tmp_path / "secret_key")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
    def test_without_room_the_home_is_named_and_left_empty(self, tmp_path) -> None:
        home = tmp_path / "home"
        said = subprocess.run(
            ["sh", "-c", 'ulimit -f 0; "$0" -B manage.py check', sys.executable],
            cwd=PROJECT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "pricetracker.settings",
                "PRICETRACKER_HOME": str(home),
            },
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        assert "PRICETRACKER_HOME must be a folder that can be written to" in said.stderr
        assert list(home.iterdir()) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
    @pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o620, 0o666])
    def test_a_kept_one_open_to_others_is_refused(self, monkeypatch, tmp_path, mode) -> None:
        kept = tmp_path / "secret_key"
        secret_key.keep_new_key(kept)
        kept.chmod(mode)
        with pytest.raises(ImproperlyConfigured, match=f"chmod 600 {kept}"):
            read(monkeypatch, None, secret_key.from_env, kept)

    @pytest.mark.root
    def test_a_kept_one_of_another_user_is_refused(self, monkeypatch, tmp_path) -> None:
        kept = tmp_path / "home" / "secret_key"
        secret_key.keep_new_key(kept)
        os.chown(kept, 12345, -1)
        with pytest.raises(ImproperlyConfigured, match="belongs to another user"):
            read(monkeypatch, None, secret_key.from_env, kept)
        # The home of this user, where root came with sudo.
        os.chown(kept.parent, 12345, -1)
        assert len(read(monkeypatch, None, secret_key.from_env, kept)) >= 50

    @pytest.mark.root
    def test_the_link_of_another_user_is_refused(self, monkeypatch, tmp_path) -> None:
        """To a key of our own, which that user may know from elsewhere."""
        ours, kept = tmp_path / "ours", tmp_path / "home" / "secret_key"
        secret_key.keep_new_key(ours)
        kept.parent.mkdir()
        kept.symlink_to(ours)
        assert len(read(monkeypatch, None, secret_key.from_env, kept)) >= 50
        os.chown(kept, 12345, -1, follow_symlinks=False)
        with pytest.raises(ImproperlyConfigured, match="belongs to another user"):
            read(monkeypatch, None, secret_key.from_env, kept)

    def test_processes_that_start_at_once_have_the_same(self, tmp_path) -> None:
        show = "from django.conf import settings; print(settings.SECRET_KEY)"
        home = {"PRICETRACKER_HOME": str(tmp_path / "home")}
        processes = [manage("shell", "--no-imports", "--command", show, **home) for _ in range(3)]
        keys = {process.communicate(timeout=PATIENCE)[0] for process in processes}
        assert keys == {(tmp_path / "home" / "secret_key").read_text(encoding="utf-8") + "\n"}


class TestCommandLine:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("TRACKED_SYMBOLS", "BTC/USDT"),
            ("ALLOWED_HOSTS", "http://x.com"),
            ("BINANCE_EXCHANGE", "kraken"),
            ("BINANCE_WS_URL", "wss://stream.binance.us:9443"),
            ("BINANCE_REST_URL", "https://testnet.binance.vision"),
            ("DATABASE_URL", "mysql://user:hunter2@host/name"),
        ],
    )
    def test_nonsense_ends_a_command_with_one_sentence(self, name, value) -> None:
        process = manage("check", **{name: value})
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert re.fullmatch(rf"manage\.py: {name}[^\n]*\.\n", output)
        assert "hunter2" not in output

    def test_the_production_settings_leave_nothing_to_be_warned_of(self, tmp_path) -> None:
        process = manage(
            *("check", "--deploy", "--fail-level", "WARNING"),
            *("--settings", "pricetracker.production"),
            PRICETRACKER_HOME=str(tmp_path),
        )
        output, _ = process.communicate(timeout=PATIENCE)
        # That HSTS speaks for this host alone, twice, and the CSRF middleware of the admin.
        assert (process.returncode, output) == (
            0,
            "System check identified no issues (3 silenced).\n",
        )


# Which settings are in force, in a process that was given these.
TELL = "from django.conf import settings as s; print(s.DEMO, s.PRODUCTION, s.DATABASES['default']"
TELL += "['CLUSTER'].name, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)"


def told(tmp_path: Path, module: str, **environment: str) -> str:
    shell = ("shell", "--no-imports", "--command", TELL, "--settings", module)
    process = manage(*shell, PRICETRACKER_HOME=str(tmp_path), **environment)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output.strip()


class TestDemo:
    @pytest.mark.parametrize(
        ("given", "is_production"), [("pricetracker.production", True), ("", False)]
    )
    def test_it_keeps_the_settings_it_was_given(self, tmp_path, monkeypatch, given, is_production):
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", given)
        environment = demo_environment()
        module = environment.pop("DJANGO_SETTINGS_MODULE")
        assert told(tmp_path, module, **environment) == f"True {is_production} demo False False"

    def test_one_in_a_demo_stays_the_same(self, monkeypatch) -> None:
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", DEMO_SETTINGS)
        assert demo_environment() == {}


def test_hsts_speaks_for_more_hosts_when_it_is_asked_to(tmp_path: Path) -> None:
    asked = {"SECURE_HSTS_INCLUDE_SUBDOMAINS": "1", "SECURE_HSTS_PRELOAD": "1"}
    found = told(tmp_path, "pricetracker.production", DATABASE_URL="", **asked)
    assert found == "False True postgres True True"


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("broken", broken)]


@pytest.mark.urls(__name__)
class TestLogging:
    def test_no_client_can_fill_the_terminal(self, client, caplog) -> None:
        assert client.get("/nowhere").status_code == 404
        assert client.get("/broken", headers={"host": "foreign.example"}).status_code == 400
        assert caplog.messages == []

    def test_what_is_our_own_fault_is_told_with_its_traceback(self, caplog) -> None:
        assert Client(raise_request_exception=False).get("/broken").status_code == 500
        assert "Internal Server Error: /broken" in caplog.text
        assert "ZeroDivisionError" in caplog.text

    def test_a_lost_server_is_told_once(self, caplog) -> None:
        logging.getLogger("psycopg").warning("error ignored terminating Pipeline")
        logging.getLogger("psycopg.pool").warning("error connecting in 'pool-1': refused")
        assert caplog.messages == ["error connecting in 'pool-1': refused"]


@pytest.mark.parametrize("market", MARKETS)
def test_the_exchange_sets_where_it_is_asked(market) -> None:
    show = "from django.conf import settings as s; print(s.BINANCE_WS_URL, s.BINANCE_REST_URL)"
    process = manage("shell", "--no-imports", "--command", show, BINANCE_EXCHANGE=market)
    output, _ = process.communicate(timeout=PATIENCE)
    assert output.split() == list(MARKETS[market])


def test_by_default_the_site_is_on_loopback_without_debug() -> None:
    show = (
        "from django.conf import settings as s;"
        "print(s.DEBUG, s.ALLOWED_HOSTS, s.TRACKED_SYMBOLS, s.BINANCE_WS_URL, s.BINANCE_REST_URL)"
    )
    output, _ = manage("shell", "--no-imports", "--command", show).communicate(timeout=PATIENCE)
    assert output == (
        "False ['localhost', '127.0.0.1', '[::1]'] ['BTCUSDT', 'ETHUSDT'] "
        "wss://data-stream.binance.vision https://data-api.binance.vision\n"
    )
    assert Path(settings.PRICETRACKER_HOME, "secret_key").exists()
