"""The private server when something is killed: whatever it was, the next connection finds a server
with all its data.
"""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from pricetracker.postgres import Unavailable, account, hold, postmaster
from pricetracker.postgres.base import DatabaseWrapper
from pricetracker.postgres.configuration import Configuration
from pricetracker.private_database import private_database
from tests.support.private_postgres import Private, kill, wait_until


def test_a_user_that_is_killed_counts_no_longer(private: Private) -> None:
    user = private.user()
    user.connect()
    user.kill()
    private.wait_until_stopped()


def test_a_killed_keeper_is_replaced_and_the_server_runs_on(private: Private) -> None:
    user = private.user()
    server = user.connect()
    kill(private.keeper())
    assert user.connect() == server
    assert private.keeper()
    user.leave()
    private.wait_until_stopped()


@pytest.mark.parametrize("pool", [[], ["pool"]], ids=["alone", "pooled"])
def test_a_killed_server_comes_back_for_its_users(private: Private, pool: list[str]) -> None:
    user = private.user(*pool)
    server = user.connect()
    user.ask("CREATE TABLE IF NOT EXISTS committed (price numeric)")
    user.ask("INSERT INTO committed VALUES (61928.31)")
    kill(private.server())
    # At the first attempt: no connection of a pool to the server that is gone comes in between.
    revived = user.connect()
    assert "Error" not in revived
    assert revived != server
    assert user.ask("SELECT price FROM committed LIMIT 1") == "61928.31"


def test_keeper_and_server_killed_at_once_come_back(private: Private) -> None:
    user = private.user()
    server = user.connect()
    kill(private.keeper())
    kill(private.server())
    wait_until(lambda: "Error" not in user.connect())
    assert user.connect() != server


def test_the_pid_of_a_killed_server_may_be_another_process(private: Private) -> None:
    user = private.user()
    user.connect()
    kill(private.keeper())
    kill(private.server())
    user.kill()
    somebody = subprocess.Popen(
        **as_server([sys.executable, "-c", "input()"], private.folder), stdin=subprocess.PIPE
    )
    with somebody:
        for left in (private.data / "postmaster.pid", private.folder / ".s.PGSQL.5432.lock"):
            _, *rest = left.read_text(encoding="utf-8").splitlines()
            left.write_text("\n".join([str(somebody.pid), *rest]) + "\n", encoding="utf-8")
        assert "Error" not in private.user().connect()


def as_server(command: list[str], folder: Path) -> dict[str, Any]:
    """Run as the account that the server runs under: PostgreSQL minds no other account's
    processes.
    """
    other = account.of(folder)
    if other is None:
        return {"args": command}
    return other.launch(command, reaching=[Path(command[0])])


def test_a_first_start_killed_half_way_is_begun_again(fresh: Private) -> None:
    first = fresh.user()
    first.say("SELECT 1")
    wait_until(lambda: list(fresh.folder.glob("draft-*/data")))
    first.kill()
    kill(fresh.keeper())
    assert not fresh.data.exists()
    # What the keeper had begun may still be at it.
    assert fresh.user().ask("SELECT 1") == "1"


def test_a_failed_recovery_is_an_error_not_a_wait(fresh: Private) -> None:
    first = fresh.user()
    first.connect()
    first.leave()
    fresh.wait_until_stopped()
    # It lacks the command to recover with. pg_ctl takes the server's end for its own success.
    (fresh.data / "recovery.signal").touch()
    assert 'did not start (must specify "restore_command"' in fresh.user().connect()


def test_a_recovery_is_waited_for_and_told_once(
    private: Private, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    private.user().connect()
    private.users[-1].leave()
    private.wait_until_stopped()
    # A recovery from an archive that answers when the test says so.
    (private.data / "recovery.signal").touch()
    answer = private.folder / "answer"
    archive = f"until [ -e '{answer}' ]; do sleep 0.02; done; false"
    monkeypatch.setattr(hold, "REPORT_AFTER", 0.2)
    user = hold.on(private.folder)
    found: list[postmaster.Postmaster] = []
    options = {"restore_command": archive, "hot_standby": "off", "fsync": "off"}
    settings = private_database(private.folder) | {"SERVER_OPTIONS": options}
    configuration = Configuration.of(settings)
    # Whoever has no time for that is told what it waits for: alone here, and below behind another
    # thread.
    with pytest.raises(OperationalError, match=r"perhaps recovering .*server\.log"):
        DatabaseWrapper(settings | {"PATIENCE": 0.1}, "impatient").find_server()
    waiting = threading.Thread(target=lambda: found.append(user.server(configuration)))
    waiting.start()
    wait_until(lambda: caplog.messages)
    wait_until(private.server)
    assert not found
    with pytest.raises(Unavailable, match="perhaps recovering"):
        user.server(configuration, patience=0.1)
    answer.touch()
    waiting.join()
    assert found[0].ready
    assert len(caplog.messages) == 1
    assert "server.log" in caplog.messages[0]
    user.release(timeout=60)
