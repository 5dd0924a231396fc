"""Signals as users, terminals and supervisors send them: all that was received is committed, and
nothing is left running.
"""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.db import connection, transaction

from prices.models import Price
from tests.support.private_postgres import Private
from tests.support.recorders import eventually
from tests.support.signalled import (
    FLUSHING,
    Exchange,
    command,
    everything,
    exchange_of,
    its_group,
    itself,
    send,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")

TERM, HUP, INT = signal.SIGTERM, getattr(signal, "SIGHUP", 1), signal.SIGINT

# Held in a private PostgreSQL by a session that others can end.
LOCK = "LOCK TABLE prices_price IN SHARE ROW EXCLUSIVE MODE"
HOLD_LOCK = f"DO $$ BEGIN {LOCK}; PERFORM pg_sleep(600); END $$"
LOCKED = "relation = 'prices_price'::regclass AND mode = 'ShareRowExclusiveLock' AND granted"
IS_LOCKED = f"SELECT count(*) FROM pg_locks WHERE {LOCKED}"  # noqa: S608 - a constant
UNLOCK = f"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE {LOCKED}"  # noqa: S608

COUNT = "SELECT count(*) FROM prices"

# How the log says every few seconds that nothing can be stored.
WAITING = "Waiting for a database lock"

# Attempts to stop each command while it starts, at random moments.
ROUNDS = 5


@contextmanager
def nothing_can_be_stored() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        yield


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with exchange_of(Exchange()) as exchange:
        yield exchange


@pytest.mark.django_db(transaction=True)
class TestRecorder:
    @pytest.mark.parametrize("numbers", [[TERM, TERM, HUP], [HUP], [INT]], ids=str)
    def test_commits_its_backlog_and_ends_with_0(self, exchange, tmp_path, numbers) -> None:
        arguments = ("stream_prices", "BTCUSDT")
        with command(*arguments, log=tmp_path / "log", **exchange.urls()) as recorder:
            eventually(Price.objects.exists)
            with nothing_can_be_stored():
                exchange.trade_backlog()
                for number in numbers:
                    recorder.process.send_signal(number)
                recorder.wait_until_said(FLUSHING)
                for number in numbers[1:]:
                    recorder.process.send_signal(number)
                waited = recorder.said().count(WAITING)
                eventually(lambda: recorder.said().count(WAITING) > waited)
            assert recorder.ended() == 0
        assert Price.objects.count() == exchange.last

    def test_outlives_its_terminal_under_nohup(self, exchange, tmp_path) -> None:
        former = signal.signal(HUP, signal.SIG_IGN)
        try:
            arguments = ("stream_prices", "BTCUSDT")
            with command(*arguments, log=tmp_path / "log", **exchange.urls()) as recorder:
                eventually(Price.objects.exists)
                for _ in range(20):
                    recorder.process.send_signal(HUP)
                    exchange.trade()
                    eventually(lambda: Price.objects.count() == exchange.last)
                recorder.process.send_signal(TERM)
                assert recorder.ended() == 0
        finally:
            signal.signal(HUP, former)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def tape(home: Path) -> Iterator[Private]:
    """The tape in the home, to be looked at beside a command, and after it."""
    private = Private(home / "postgres", database="pricetracker")
    yield private
    private.clear()


@pytest.fixture(scope="module")
def market() -> Exchange:
    """Its ids go on from test to test, as the tape in the home does."""
    return Exchange()


class TestStart:
    @pytest.mark.parametrize(
        ("number", "receivers"),
        [(TERM, everything), (HUP, everything), (TERM, itself), (INT, its_group)],
        ids=["systemd", "a closed session", "docker", "Ctrl-C"],
    )
    def test_commits_its_backlog_and_ends_with_0(
        self, home, tape, market, tmp_path, number, receivers
    ) -> None:
        arguments = ("start", "BTCUSDT", "--port", "0")
        before = market.last
        with (
            exchange_of(market) as exchange,
            command(*arguments, log=tmp_path / "log", home=home, **exchange.urls()) as started,
        ):
            started.wait_until_said("The site is at")
            asking = tape.user()
            eventually(lambda: int(asking.ask(COUNT)) > before)
            # A user closes its session after each question; this one holds what it locks.
            asking.say(HOLD_LOCK)
            watching = tape.user()
            eventually(lambda: watching.ask(IS_LOCKED) == "1")
            exchange.trade_backlog()
            send(number, receivers(started))
            if receivers is not everything or number == HUP:
                started.wait_until_said(FLUSHING)
            asking.kill()
            watching.ask(UNLOCK)
            watching.kill()
            assert started.ended() == 0
            assert "exited unexpectedly" not in started.said()
        assert tape.user().ask(COUNT) == str(market.last)

    def test_no_server_outlives_a_closed_session(self, home, tmp_path) -> None:
        """Of the test's own nobody uses it, who would see to its end."""
        arguments = ("start", "--demo", "--port", "0")
        with command(*arguments, log=tmp_path / "log", home=home) as started:
            started.wait_until_said("Connected to")
            send(HUP, everything(started))
            assert started.ended() == 0


def answers(process: psutil.Process | int) -> bool:
    """Whether a process handles SIGTERM by now; before that, Python itself is starting."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        name, value = line.split(":")[:2]
        if name == "SigCgt":
            return bool(int(value, 16) >> (TERM - 1) & 1)
    return False


WAITS = "SELECT pid FROM pg_locks WHERE relation = 'django_migrations'::regclass AND NOT granted"
TERMINATE = f"SELECT count(pg_terminate_backend(pid)) FROM ({WAITS}) AS waiting"  # noqa: S608


def ask(question: str) -> object:
    with connection.cursor() as cursor:
        row = cursor.execute(question).fetchone()
        return row and row[0]


@pytest.mark.django_db(transaction=True)
def test_a_start_that_loses_its_database_when_stopped(exchange, tmp_path) -> None:
    """As systemd stops all processes of a service at once, PostgreSQL's among them."""
    arguments = ("stream_prices", "BTCUSDT")
    with (
        transaction.atomic(),
        command(*arguments, log=tmp_path / "log", **exchange.urls()) as starting,
    ):
        connection.cursor().execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        eventually(lambda: ask(WAITS))
        starting.process.send_signal(TERM)
        ask(TERMINATE)
        assert starting.ended() == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to look into")
class TestWhileStarting:
    """Imports, the private PostgreSQL's first start, migrations, connecting: at any moment
    of them.
    """

    @pytest.mark.parametrize(
        ("arguments", "ready"),
        [
            (["start", "--demo", "--port", "0"], "The site is at"),
            (["stream_prices", "BTCUSDT"], "Connected to"),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    def test_it_ends_soon_with_0(self, tmp_path, exchange, arguments, ready, draw) -> None:
        if arguments[0] == "stream_prices":
            with command("migrate", log=tmp_path / "log", home=tmp_path / "0") as migrating:
                assert migrating.ended() == 0
        urls = exchange.urls()
        log = tmp_path / "log"
        with command(*arguments, log=log, home=tmp_path / "0", **urls) as first:
            begun = time.monotonic()
            first.wait_until_said(ready)
            took = time.monotonic() - begun
            first.process.send_signal(TERM)
            assert first.ended() == 0
        for _ in range(ROUNDS):
            # Of `start`, each is the first one in its home.
            home = tmp_path / ("0" if arguments[0] == "stream_prices" else f"{draw.random()}")
            number = draw.choice([TERM, HUP, INT])
            receivers = its_group if number == INT else draw.choice([everything, itself])
            with command(*arguments, log=log, home=home, **urls) as starting:
                eventually(lambda: answers(starting.process.pid))
                after = draw.uniform(0, took)
                print(number, receivers.__name__, f"after {after:.2f} s")  # noqa: T201 - the same
                time.sleep(after)
                send(number, receivers(starting))
                assert starting.ended() == 0
