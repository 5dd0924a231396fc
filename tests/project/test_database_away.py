"""When the database is away: commands end with one sentence, and requests are told so instead of
waiting.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from pricetracker import __version__
from pricetracker.postgres import locks
from tests.support.recorders import PATIENCE, manage

# Nobody listens on port 1.
AWAY = "postgresql://user:hunter2@127.0.0.1:1/prices"

# A client of the site as it is served, in a process of its own: this one needs its database.
ASK = """
import json
import os
from pathlib import Path
from django.test import Client
from pricetracker.sharing import share_database

share_database(patience=0.3)
client = Client(SERVER_NAME="localhost")
paths = ["/latest", "/api/prices/", "/health", "/metrics", "/"]
answers = {path: client.get(path) for path in paths}
found = {path: [a.status_code, dict(a.headers), a.text] for path, a in answers.items()}
Path(os.environ["ANSWERS"]).write_text(json.dumps(found))
"""


def run(*arguments: str, url: str = AWAY, **environment: str) -> tuple[int, str]:
    process = manage(*arguments, DATABASE_URL=url, **environment)
    output, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, output


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


def ask(folder: Path, **environment: str) -> tuple[dict[str, Answer], str]:
    """What the site answers at each path, and what it says in the terminal."""
    answers = folder / "answers.json"
    shell = ("shell", "--no-imports", "--command", ASK)
    code, output = run(*shell, ANSWERS=str(answers), **environment)
    assert code == 0, output
    found = json.loads(answers.read_text(encoding="utf-8"))
    return {path: Answer(*answer) for path, answer in found.items()}, output


class TestCommands:
    @pytest.mark.parametrize(
        ("command", "name"),
        [
            (["migrate"], r"manage\.py: "),
            (["runserver", "--noreload", "127.0.0.1:0"], ""),
            (["createsuperuser", "--noinput"], r"manage\.py: "),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    def test_end_with_the_reason_in_one_sentence(self, command: list[str], name: str) -> None:
        code, output = run(*command)
        assert code == 1
        assert re.fullmatch(
            rf"{name}The database cannot be used: [^\n]*port 1 failed: Connection refused\.\n",
            output,
        )

    def test_say_what_libpq_thinks_of_the_url(self) -> None:
        code, output = run("migrate", url=f"{AWAY}?sslmode=bogus")
        assert code == 1
        assert re.fullmatch(r"manage\.py: [^\n]*sslmode[^\n]*\.\n", output)
        assert "hunter2" not in output


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Answer], str]:
    return ask(tmp_path_factory.mktemp("away"))


class TestSite:
    @pytest.mark.parametrize("path", ["/latest", "/api/prices/"])
    def test_the_api_says_503_and_why(self, away, path: str) -> None:
        answer = away[0][path]
        assert (answer.status, json.loads(answer.body)) == (
            503,
            {"detail": "The database is unavailable. Try again in a moment."},
        )

    def test_so_does_health(self, away) -> None:
        answer = away[0]["/health"]
        assert (answer.status, json.loads(answer.body)) == (
            503,
            {"status": "database unreachable", "feeds": []},
        )

    def test_metrics_say_that_it_is_down_and_nothing_else(self, away) -> None:
        answer = away[0]["/metrics"]
        build = f'pricetracker_build_info{{version="{__version__}"}} 1.0'
        values = [line for line in answer.body.splitlines() if not line.startswith("#")]
        assert (answer.status, values) == (200, [build, "pricetracker_up 0.0"])
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"

    def test_the_page_says_it_in_plain_words(self, away) -> None:
        answer = away[0]["/"]
        assert answer.status == 503
        assert "Prices are unavailable" in answer.body
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"

    def test_the_terminal_tells_the_reason_without_a_traceback(self, away) -> None:
        assert "port 1 failed: Connection refused" in away[1]
        assert "Traceback" not in away[1]
        assert "hunter2" not in away[1]

    def test_a_private_server_that_is_not_ready_is_not_waited_for(self, tmp_path: Path) -> None:
        folder = tmp_path / "postgres"
        locks.prepare(folder)
        # A keeper is at work, and does not come to an end with it.
        with locks.keeper(folder).write_lock():
            answers, log = ask(tmp_path, url="", PRICETRACKER_HOME=str(tmp_path))
        assert {path: answer.status for path, answer in answers.items()} == {
            "/latest": 503,
            "/api/prices/": 503,
            "/health": 503,
            "/metrics": 200,
            "/": 503,
        }
        assert "PostgreSQL is still busy, perhaps recovering from a crash" in log
        assert "Traceback" not in log
