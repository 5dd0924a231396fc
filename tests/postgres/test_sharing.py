"""The private server: shared by those who use it, gone with the last of them, and never started for
nothing.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pricetracker.postgres import log
from tests.support.private_postgres import PROJECT, Private


def test_two_processes_share_one_server(private: Private) -> None:
    first, second = private.user(), private.user()
    assert first.connect() == second.connect()


def test_the_server_stops_with_its_last_user(private: Private) -> None:
    first, second = private.user(), private.user()
    server = first.connect()
    second.connect()
    assert first.leave() == ""
    assert second.connect() == server
    assert second.leave() == ""
    private.wait_until_stopped()


def test_data_are_kept(private: Private) -> None:
    first = private.user()
    first.ask("CREATE TABLE kept AS SELECT 61928.31 AS price")
    first.leave()
    private.wait_until_stopped()
    assert private.user().ask("SELECT price FROM kept") == "61928.31"


@pytest.mark.parametrize("later", [0, 0.25, 0.3])
def test_whoever_comes_while_the_server_stops_is_served(private: Private, later: float) -> None:
    first, second = private.user(), private.user()
    second.say("")  # Nothing but the time to import Django.
    second.hear()
    first.connect()
    first.leave()
    time.sleep(later)
    assert "Error" not in second.connect()


def test_processes_that_start_at_once_make_one_server(fresh: Private) -> None:
    users = [fresh.user() for _ in range(4)]
    for user in users:
        user.say("SELECT pg_postmaster_start_time()")
    answers = {user.hear() for user in users}
    assert len(answers) == 1
    assert "Error" not in answers.pop()


def test_text_sorts_and_reads_the_same_on_every_machine(private: Private) -> None:
    answer = private.user().ask(
        "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale)"
        " FROM pg_database WHERE datname = current_database()"
    )
    assert answer == "UTF8 b C.UTF-8"


def test_a_power_cut_costs_no_tick_unless_the_settings_say_so(fresh: Private) -> None:
    user = fresh.user(fsync="on")
    assert user.ask("SELECT current_setting('fsync')") == "on"
    assert user.ask("SELECT current_setting('synchronous_commit')") == "on"


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["help", "migrate"],
        ["check"],
    ],
    ids=" ".join,
)
def test_no_server_is_started_for(command: list[str], tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=PROJECT,
        env={
            **os.environ,
            "PRICETRACKER_HOME": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "pricetracker.settings",
        },
        check=True,
        capture_output=True,
    )
    assert not (tmp_path / "postgres").exists()


def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LIMIT", 10)
    path = tmp_path / "server.log"
    with path.open("a", encoding="utf-8") as server:
        for line in ["the first story\n", "the second story\n"]:
            server.write(line)
            server.flush()
            log.trim(path)
        server.write("short\n")
    log.trim(path)
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {
        "server.log": "short\n",
        "server.old": "the second story\n",
    }
