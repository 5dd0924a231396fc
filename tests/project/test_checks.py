"""System checks: each fires when it should, and is silent as the project comes."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from django.db import connection

from pricetracker import shared_folders

OURS = ("pricetracker.", "prices.")


def found(**options: list[str]) -> list[CheckMessage]:
    return [message for message in run_checks(**options) if message.id.startswith(OURS)]


def ids(**options: list[str]) -> list[str]:
    return [message.id.partition(".")[2] for message in found(**options)]


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    settings.PRICETRACKER_HOME = tmp_path / "home"
    settings.PRICETRACKER_HOME.mkdir(mode=0o755)
    return settings.PRICETRACKER_HOME


def test_nothing_is_warned_of_by_default() -> None:
    assert ids() == []


class TestHosts:
    @pytest.mark.parametrize("host", ["prices.example", "*", "192.0.2.7", ".example"])
    def test_debug_in_public_is_warned_of(self, settings, host: str) -> None:
        settings.DEBUG, settings.PRODUCTION = True, True
        settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 1
        settings.ALLOWED_HOSTS = ["localhost", host]
        (message,) = found()
        assert (message.id, message.hint[:11]) == ("pricetracker.W001", "Error pages")
        assert host in message.msg
        assert "localhost" not in message.msg

    @pytest.mark.parametrize("debug", [True, False])
    def test_loopback_is_not_public(self, settings, debug: bool) -> None:
        settings.DEBUG = debug
        settings.ALLOWED_HOSTS = ["localhost", "LOCALHOST", ".localhost", "127.0.0.9", "[::1]"]
        assert ids() == []

    def test_names_without_debug_are_not_warned_of(self, settings) -> None:
        settings.ALLOWED_HOSTS = ["prices.example", ".example"]
        assert ids() == []

    def test_a_wildcard_is_for_production_alone(self, settings) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        (message,) = found()
        assert (message.id, "production" in message.hint) == ("pricetracker.W002", True)
        settings.PRODUCTION = settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 1
        assert ids() == []


class TestProduction:
    @pytest.fixture(autouse=True)
    def _production(self, settings) -> None:
        settings.PRODUCTION = settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 3600

    def test_with_redirect_and_hsts_is_fine(self) -> None:
        assert ids() == []

    def test_without_redirect_is_warned_of(self, settings) -> None:
        settings.SECURE_SSL_REDIRECT = False
        (message,) = found()
        assert (message.id, "SECURE_SSL_REDIRECT" in message.hint) == ("pricetracker.W003", True)

    def test_without_hsts_is_warned_of(self, settings) -> None:
        settings.SECURE_HSTS_SECONDS = 0
        (message,) = found()
        assert (message.id, "SECURE_HSTS_SECONDS" in message.hint) == ("pricetracker.W004", True)


class TestExchange:
    @pytest.mark.parametrize(
        ("name", "url"),
        [
            ("BINANCE_WS_URL", "ws://data-stream.binance.vision"),
            ("BINANCE_WS_URL", "ws://192.168.1.2:9443"),
            ("BINANCE_REST_URL", "http://localhost.example:80/base"),
            ("BINANCE_REST_URL", "http://[2001:db8::1]:8080"),
        ],
    )
    def test_plain_text_to_elsewhere_is_warned_of(self, settings, name: str, url: str) -> None:
        setattr(settings, name, url)
        (message,) = found()
        assert (message.id, name in message.msg) == ("pricetracker.W005", True)
        assert "s://" in message.hint

    @pytest.mark.parametrize("host", ["localhost:8090", "127.0.0.1", "[::1]:80", "127.9.9.9:1"])
    def test_plain_text_on_this_machine_is_fine(self, settings, host: str) -> None:
        settings.BINANCE_WS_URL, settings.BINANCE_REST_URL = f"ws://{host}", f"http://{host}"
        assert ids() == []


class TestProxies:
    def test_that_cannot_be_used_are_warned_of(self, monkeypatch) -> None:
        monkeypatch.setenv("https_proxy", "https://user:hunter2@proxy.example")
        (message,) = found()
        assert (message.id, message.is_serious()) == ("prices.W001", False)
        assert message.msg.startswith("https_proxy names a proxy")
        assert "hunter2" not in message.msg

    @pytest.mark.parametrize("value", ["http://proxy.example:3128", "socks5h://proxy.example"])
    def test_that_can_be_used_are_fine(self, monkeypatch, value: str) -> None:
        monkeypatch.setenv("https_proxy", value)
        assert ids() == []

    def test_are_nothing_to_a_demo(self, settings, monkeypatch) -> None:
        settings.DEMO = True
        monkeypatch.setenv("https_proxy", "https://proxy.example")
        assert ids() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
class TestHome:
    @pytest.mark.parametrize("mode", [0o777, 0o702, 0o1777])
    def test_open_to_everybody_is_warned_of(self, home: Path, mode: int) -> None:
        home.chmod(mode)
        (message,) = found()
        assert (message.id, "chmod" in message.hint) == ("pricetracker.W006", True)
        assert message.msg.endswith(f"everybody may write to {home}.")

    def test_in_a_folder_that_is_open_is_warned_of(self, home: Path) -> None:
        home.parent.chmod(0o777)
        assert ids() == ["W006"]
        home.rmdir()
        assert ids() == ["W006"]

    def test_in_a_folder_like_tmp_is_fine(self, home: Path) -> None:
        home.parent.chmod(0o1777)
        assert ids() == []

    @pytest.mark.parametrize("mode", [0o700, 0o755, 0o500])
    def test_closed_to_others_is_fine(self, home: Path, mode: int) -> None:
        home.chmod(mode)
        assert ids() == []

    def test_a_group_of_ones_own_is_nobody_else(self, home: Path, monkeypatch) -> None:
        members: list[str] = []
        own = SimpleNamespace(gr_name="staff", gr_mem=members)
        monkeypatch.setattr(shared_folders.grp, "getgrgid", lambda gid: own)
        account = SimpleNamespace(pw_name="me", pw_gid=home.stat().st_gid)
        monkeypatch.setattr(shared_folders.pwd, "getpwuid", lambda uid: account)
        home.chmod(0o775)
        assert ids() == []
        members.append("me")
        assert ids() == []
        members.append("other")
        (message,) = found()
        assert message.msg.endswith(f"group staff may write to {home}.")

    def test_of_another_user_is_warned_of(self, home: Path, monkeypatch) -> None:
        mine = home.stat()
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        foreign = os.stat_result((*mine[:4], 4712, *mine[5:]))
        assert shared_folders.writers(foreign) == "user 4712"
        roots = os.stat_result((*mine[:4], 0, *mine[5:]))
        assert shared_folders.writers(roots) is None
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        assert shared_folders.writers(foreign) is None


@pytest.mark.django_db
class TestPostgres:
    def test_one_that_is_too_old_is_refused(self, monkeypatch) -> None:
        monkeypatch.setattr(connection.features, "minimum_database_version", (99,))
        (message,) = found(tags=[Tags.database], databases=["default"])
        assert (message.id, message.is_serious()) == ("pricetracker.E007", True)
        assert message.msg.startswith("PostgreSQL 99 or later is required")
        assert "DATABASE_URL" in message.hint

    def test_one_that_is_new_enough_is_fine(self) -> None:
        assert ids(tags=[Tags.database], databases=["default"]) == []

    def test_is_not_asked_unless_databases_are_named(self, django_assert_num_queries) -> None:
        with django_assert_num_queries(0):
            assert ids() == []
