"""`manage.py start` and `manage.py runserver` as processes: they serve, they end, and they leave
nothing behind.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from prices.management.commands.start import port
from pricetracker.process.stop_signals import stop_signals
from pricetracker.process.supervisor import Children
from tests.support.local_exchange import local_exchange
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.signalled import running
from tests.support.sites import address


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@dataclass
class Started:
    process: subprocess.Popen[str]
    url: str
    home: Path

    def get(self, path: str) -> tuple[object, dict[str, str]]:
        with urlopen(self.url + path, timeout=PATIENCE) as answer:
            return json.load(answer), dict(answer.headers)

    def children(self) -> list[psutil.Process]:
        """Exchange, recorder and site, in the order in which they were started."""
        found = psutil.Process(self.process.pid).children()
        own = [child for child in found if "resource_tracker" not in " ".join(child.cmdline())]
        return sorted(own, key=psutil.Process.create_time)

    def end(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        return self.output()

    def output(self) -> str:
        output, _ = self.process.communicate(timeout=PATIENCE)
        return output


@contextmanager
def demo(home: Path, **environment: str) -> Iterator[Started]:
    """The demo on a free port, once it serves; and whatever the test did, nothing of it is left
    running.
    """
    process = manage("start", "--demo", "--port", "0", **own(home), **environment)
    try:
        yield Started(process, address(process), home)
    finally:
        process.kill()
        process.communicate()
        eventually(lambda: not running(home))


def own(home: Path) -> dict[str, str]:
    return {"PRICETRACKER_HOME": str(home), "DATABASE_URL": ""}


class TestDemo:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_answers_with_prices_and_leaves_no_trace(self, home, number) -> None:
        with demo(home) as started:
            eventually(lambda: len(started.get("/latest")[0]) == 2)
            prices, headers = started.get("/latest")
            assert [price["symbol"] for price in prices] == ["BTCUSDT", "ETHUSDT"]
            assert "X-Demo" in headers
            output = started.end(number)
            assert started.process.returncode == 0, output
            assert "Traceback" not in output
            assert running(home) == []

    @pytest.mark.parametrize("proxy", ["https://proxy.example", "no proxy", "127.0.0.1:1"])
    def test_starts_whatever_the_proxy_variables_say(self, home, proxy) -> None:
        """It talks to loopback alone."""
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        with demo(home, **dict.fromkeys(names, proxy), NO_PROXY="10.0.0.0/99") as started:
            eventually(lambda: len(started.get("/latest")[0]) == 2)
            output = started.end(signal.SIGTERM)
        assert started.process.returncode == 0, output
        assert "_PROXY" not in output.upper()

    def test_begins_with_a_new_tape_each_time(self, home) -> None:
        """Else all that was replayed since the last time would be missing, and be fetched."""
        with demo(home) as started:
            eventually(lambda: len(started.get("/latest")[0]) == 2)
            before = [price["timestamp"] for price in started.get("/latest")[0]]
            started.end(signal.SIGTERM)
        with demo(home) as started:
            eventually(lambda: len(started.get("/latest")[0]) == 2)
            ticks, _ = started.get("/api/prices/?symbol=BTCUSDT")
            assert min(tick["timestamp"] for tick in ticks["results"]) > max(before)
            assert started.get("/api/gaps/")[0]["results"] == []

    def test_killed_takes_its_children_with_it(self, home) -> None:
        with demo(home) as started:
            assert len(started.children()) == 3
            started.process.kill()
            started.process.wait(PATIENCE)
            eventually(lambda: not running(home))

    def test_a_recorder_that_dies_ends_all_and_says_so(self, home) -> None:
        with demo(home) as started:
            _, recorder, _ = started.children()
            recorder.kill()
            output = started.output()
            assert started.process.returncode == 1
            assert "The recorder exited unexpectedly with code -9." in output
            assert "Traceback" not in output
            eventually(lambda: not running(home))

    def test_writes_to_a_tape_of_its_own(self, home) -> None:
        """Only the demo's database was made, and no key or file anywhere else."""
        assert sorted(path.name for path in home.iterdir()) == ["demo", "secret_key"]


class TestEarlyStop:
    """Nobody has to wait until it is up."""

    def test_an_announcement_that_nobody_waits_for_is_no_error(self) -> None:
        """The stop comes when the child has just been started."""
        stops = iter([False, True])
        with Children({}) as children:
            assert children.announced(announce, stop=lambda: next(stops)) is None
            (child,) = children.lifelines
            child.join(PATIENCE)
            assert child.exitcode == 0

    def test_after_it_no_child_is_started(self) -> None:
        with Children({}) as children:
            assert children.announced(announce, stop=lambda: True) is None
            assert not children.lifelines

    def test_is_quiet_in_a_child_that_is_not_prepared(self, capfd) -> None:
        """Sudden death, without a traceback."""
        with Children({}) as children:
            assert children.announced(linger, stop=lambda: False) == "begun"
            (child,) = children.lifelines
        assert child.exitcode == -signal.SIGTERM
        assert capfd.readouterr() == ("", "")

    def test_an_early_interrupt_does_not_reach_a_child(self, capfd) -> None:
        with Children({}) as children:
            child = children.start(linger, None)
            # Its interpreter is starting.
            os.kill(child.pid, signal.SIGINT)
        assert child.exitcode == -signal.SIGTERM
        assert capfd.readouterr().err == ""


# What children do here.


def announce(ready: Connection) -> None:
    ready.send("ready")


def linger(ready: Connection | None) -> None:
    if ready:
        ready.send("begun")
    time.sleep(PATIENCE)


class TestSecondInterrupt:
    def test_does_not_wait_for_a_child_that_hangs(self, home) -> None:
        with demo(home) as started:
            _, recorder, site = started.children()
            recorder.suspend()
            started.process.send_signal(signal.SIGINT)
            # The last one started is asked to end first: from then on it is the recorder that is
            # waited for.
            eventually(lambda: not site.is_running() or site.status() == psutil.STATUS_ZOMBIE)
            assert started.process.poll() is None
            started.process.send_signal(signal.SIGINT)
            output = started.output()
            assert started.process.returncode == 130, output
            assert output.endswith("CommandError: Stopped immediately: unsaved work is lost.\n")
            assert "Traceback" not in output
            eventually(lambda: not running(home))


def refused(*arguments: str, **environment: str) -> str:
    """What a command says that ends at once with 1."""
    process = manage(*arguments, **environment)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    return output


class TestRefusals:
    @pytest.mark.parametrize("command", [["start", "--port"], ["runserver", "--noreload"]])
    @pytest.mark.django_db(transaction=True)
    def test_a_port_that_is_taken(self, command) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            number = taken.getsockname()[1]
            output = refused(*command, str(number))
        *_, sentence = output.splitlines()
        assert f"Cannot listen on 127.0.0.1:{number}: Address already in use" in sentence
        assert "Traceback" not in output

    @pytest.mark.django_db(transaction=True)
    def test_a_symbol_that_the_exchange_does_not_list(self) -> None:
        with local_exchange() as exchange:
            urls = {"BINANCE_WS_URL": exchange.ws_url, "BINANCE_REST_URL": exchange.rest_url}
            output = refused("start", "BTCUDST", "--port", "0", **urls)
        (reason,) = [line for line in output.splitlines() if not line.startswith("The site is")]
        assert reason.endswith("Binance Spot lists no symbol BTCUDST. Did you mean BTCUSDT?")

    def test_a_database_that_cannot_be_used(self) -> None:
        output = refused("start", "--port", "0", DATABASE_URL="postgresql://u:pw@127.0.0.1:1/x")
        (sentence,) = output.splitlines()
        assert "The database cannot be used" in sentence

    def test_a_host_that_is_none_of_ours(self) -> None:
        output = refused("start", "--host", "192.0.2.1", "--port", "0")
        assert re.fullmatch(r"CommandError: Cannot listen on 192\.0\.2\.1:0: .+\.\n", output)

    @pytest.mark.parametrize("text", ["65536", "-1", "+1", " 1", "http", "", "\u0668"])
    def test_a_port_that_is_none(self, text) -> None:
        with pytest.raises(ArgumentTypeError, match="must be a number from 0 to 65535"):
            port(text)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", stop_signals())
def test_runserver_serves_and_ends_with_0(number) -> None:
    process = manage("runserver", "--noreload", "127.0.0.1:0")
    try:
        started = Started(process, address(process), Path())
        assert started.get("/latest")[0] == []
        # Not in debug, and nothing was collected: static files are served all the same.
        with urlopen(started.url + "/static/admin/css/base.css", timeout=PATIENCE) as style:
            assert style.headers["Content-Type"].startswith("text/css")
        output = started.end(number)
        assert process.returncode == 0, output
        assert "Traceback" not in output
    finally:
        process.kill()
        process.communicate()
