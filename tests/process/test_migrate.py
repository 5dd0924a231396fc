"""`migrate` by several processes at once: each waits for its turn, and all of them succeed."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from django.db import connection

from prices.management.commands.migrate import LOCK
from tests.support.local_exchange import local_exchange
from tests.support.recorders import database_url
from tests.support.signalled import command

AT_ONCE = 3
ROUNDS = 2

FRESH = "migrated_at_once"

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'migrate'"


@pytest.fixture
def fresh_url(transactional_db: None) -> Iterator[str]:
    """An empty database on the tests' server, to be reached by its URL."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {FRESH}")
        yield database_url(FRESH)
        cursor.execute(f"DROP DATABASE {FRESH} WITH (FORCE)")


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_on_a_database_of_ones_own(fresh_url, tmp_path, attempt) -> None:
    with psycopg.connect(fresh_url, autocommit=True, application_name="another") as session:
        with ExitStack() as stack:
            session.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            logs = [tmp_path / f"{n}.log" for n in range(AT_ONCE)]
            all_of_them = [
                stack.enter_context(command("migrate", log=log, DATABASE_URL=fresh_url))
                for log in logs
            ]
            # None begins before it has the lock, and after a while each says what it waits for.
            for each in all_of_them:
                each.wait_until_said("Waiting for another process to migrate the database")
                assert f"another (backend {session.info.backend_pid})" in each.said()
            assert session.execute(WAITING).fetchone() == (AT_ONCE,)
            assert session.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
            session.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            assert [each.ended() for each in all_of_them] == [0] * AT_ONCE
        (applied,) = session.execute("SELECT count(*) FROM django_migrations").fetchone()
        assert applied == len(applied_here())


def applied_here() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return cursor.fetchall()


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_on_a_private_server_that_is_not_there_yet(tmp_path, attempt) -> None:
    home = tmp_path / "home"
    with ExitStack() as stack:
        all_of_them = [
            stack.enter_context(command("migrate", log=tmp_path / f"{n}.log", home=home))
            for n in range(AT_ONCE)
        ]
        assert [each.process.wait(120) for each in all_of_them] == [0] * AT_ONCE
        for each in all_of_them:
            each.ended()


def test_two_first_starts_at_once_both_record_and_serve(tmp_path) -> None:
    home = tmp_path / "home"
    start = ("start", "BTCUSDT", "--port", "0")
    with local_exchange(loop=True, speed=1) as exchange, ExitStack() as stack:
        urls = {"BINANCE_WS_URL": exchange.ws_url, "BINANCE_REST_URL": exchange.rest_url}
        both = [
            stack.enter_context(command(*start, log=tmp_path / name, home=home, **urls))
            for name in ("one", "two")
        ]
        for each in both:
            each.wait_until_said("The site is at")
            each.wait_until_said("Connected to")
        for each in both:
            each.process.terminate()
        assert [each.process.wait(120) for each in both] == [0, 0]
        for each in both:
            each.ended()
