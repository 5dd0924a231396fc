"""How the site's threads use the database: limits of each session, and servers that are lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest
from django.db import connection

from prices.recording.tape import Tape
from tests.support.recorded import recorded_tape
from tests.support.recorders import PATIENCE, eventually, manage
from tests.support.sites import Site, running_site

# A process that serves requests, and what a session of it is limited to.
ASK = """
import json, os
from pathlib import Path
from django.core.signals import request_started
from django.db import OperationalError, connection
from pricetracker.sharing import share_database

share_database(patience=3, statement=0.2)

def one(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]

found = [one(f"SHOW {name}") for name in
    ("jit", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")]
first = one("SELECT pg_backend_pid()")
request_started.send(sender=None)
found.append(one("SELECT pg_backend_pid()") == first)
connection.connection.close()
request_started.send(sender=None)
found.append(one("SELECT 7"))
try:
    one("SELECT 1 FROM pg_sleep(60)")
except OperationalError as error:
    found.append(type(error.__cause__).__name__)
Path(os.environ["ANSWERS"]).write_text(json.dumps(found))
"""


@pytest.fixture
def tape(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape


@pytest.fixture
def site(tape: Tape) -> Iterator[Site]:
    with running_site() as site:
        yield site


def latest(site: Site) -> Any:
    with urlopen(f"{site.url}/latest", timeout=PATIENCE) as answer:
        return json.load(answer)


@pytest.mark.usefixtures("transactional_db")
def test_sessions_are_kept_limited_and_compile_nothing(tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    shell = ("shell", "--no-imports", "--command", ASK)
    process = manage(*shell, ANSWERS=str(answers))
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    found = json.loads(answers.read_text(encoding="utf-8"))
    assert found == ["off", "3s", "200ms", "30s", True, 7, "QueryCanceled"]


def test_a_lost_server_is_noticed_at_once(site: Site) -> None:
    """Nobody gets an error of a session that ended while nobody used it."""
    first = latest(site)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name <> 'test'"
        )
        sessions = [pid for pid, _ in cursor.fetchall()]
    assert sessions
    # Until they have ended, and their sockets with them.
    eventually(lambda: not any(map(psutil.pid_exists, sessions)))
    assert latest(site) == first
