"""The private server wherever the project lies and whoever runs it; where it cannot be had, one
sentence says why.
"""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from pricetracker.postgres import postmaster
from tests.support.private_postgres import PATIENCE, PROJECT, Private, User

LONG = "a-folder-whose-name-is-so-long-that-no-socket-fits-into-it-" * 2


# What a shell would leave behind in its working folder, if it ran the commands in a path.
TRACE = f"ran-{uuid4().hex}"

# Everything that means something to a shell, to a file of settings or to PostgreSQL.
ODD = ["Lucy's own, 100% à la minute", "$(touch TRACE) `touch TRACE` $HOME"]
ODD += ['-"; touch TRACE; & |>x #']
ODD += ["back\\slash {host} %p", " blanks \t", os.fsdecode(b"latin-\xfc")]


@pytest.fixture(params=[LONG, *ODD])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Private]:
    private = Private(tmp_path / request.param.replace("TRACE", TRACE) / "postgres")
    yield private
    private.clear()


def test_the_path_may_be_anything(odd: Private) -> None:
    user = odd.user()
    assert user.ask("SELECT 1") == "1"
    sockets = Path(user.ask("SELECT current_setting('unix_socket_directories')"))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    user.leave()
    odd.wait_until_stopped()
    assert sockets == odd.folder or not sockets.exists()
    assert odd.user().ask("SELECT 2") == "2"
    assert list(odd.folder.parents[1].iterdir()) == [odd.folder.parent]
    assert not any(Path(place, TRACE).exists() for place in (odd.folder.anchor, PROJECT))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locale")
def test_the_locale_may_know_no_umlaut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = Private(tmp_path / "Bücher" / "postgres")
    try:
        with monkeypatch.context() as environment:
            for name, value in {
                "LC_ALL": "C",
                "PYTHONUTF8": "0",
                "PYTHONCOERCECLOCALE": "0",
            }.items():
                environment.setenv(name, value)
            assert private.user().ask("SELECT 1") == "1"
        assert private.user().ask("SELECT 2") == "2"
    finally:
        private.clear()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such paths")
def test_a_line_break_in_the_path_is_refused(tmp_path: Path) -> None:
    sentence = refusal(tmp_path / "two\nlines" / "postgres")
    assert "contains a line break" in sentence
    assert "PRICETRACKER_HOME" in sentence


@pytest.mark.root
class TestRootInTheFolderOfAnother:
    @pytest.fixture
    def victim(self, tmp_path: Path) -> Path:
        victim = tmp_path / "victim"
        victim.write_text("roots own", encoding="utf-8")
        return victim

    def stop(self, fresh: Private) -> None:
        """The server was made, and runs no longer."""
        user = fresh.user()
        user.connect()
        user.leave()
        fresh.wait_until_stopped()

    def plant(self, fresh: Private, *steps: str, victim: Path) -> None:
        self.stop(fresh)
        place = fresh.folder.joinpath(*steps)
        place.unlink(missing_ok=True)
        place.symlink_to(victim)

    def test_no_link_leads_its_settings_elsewhere(self, fresh: Private, victim: Path) -> None:
        for name in ("pricetracker.conf", "pricetracker.conf.new"):
            self.plant(fresh, "server", "data", name, victim=victim)
        assert fresh.user().ask("SELECT 1") == "1"
        assert (victim.read_text(encoding="utf-8"), victim.stat().st_uid) == ("roots own", 0)

    @pytest.mark.parametrize("steps", [["server.log"], ["users.lock"], ["server", "password"]])
    def test_links_are_refused(self, fresh: Private, victim: Path, steps: list[str]) -> None:
        self.plant(fresh, *steps, victim=victim)
        assert "is reached through a symbolic link" in fresh.user().connect()
        assert (victim.read_text(encoding="utf-8"), victim.stat().st_uid) == ("roots own", 0)

    def test_a_link_in_place_of_a_folder_is_refused(self, fresh: Private, tmp_path: Path) -> None:
        self.stop(fresh)
        elsewhere = tmp_path / "elsewhere"
        (fresh.folder / "server").rename(elsewhere)
        (fresh.folder / "server").symlink_to(elsewhere)
        assert "is reached through a symbolic link" in fresh.user().connect()

    def test_a_hard_link_is_refused(self, fresh: Private, victim: Path) -> None:
        """Its owner can make one to any file on the same disk, where that is allowed."""
        self.stop(fresh)
        (fresh.folder / "server.log").unlink()
        os.link(victim, fresh.folder / "server.log")
        assert "is not a regular file with exactly one name" in fresh.user().connect()
        assert (victim.read_text(encoding="utf-8"), victim.stat().st_uid) == ("roots own", 0)


def test_a_folder_closed_to_others_is_served_and_stays_closed(fresh: Private) -> None:
    """Where root cloned the project into a `mktemp -d`, say: PostgreSQL itself never runs
    as root.
    """
    home = fresh.folder.parent
    home.chmod(0o700)
    fresh.user().connect()
    assert fresh.server().uids().effective != 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_nobody_else_gets_in(private: Private) -> None:
    private.user().connect()
    server = postmaster.find(private.data)
    assert stat.S_IMODE(private.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((private.folder / "server" / "password").stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=server.host,
            port=server.port,
            user="pricetracker",
            password="a guess",  # noqa: S106
            dbname="postgres",
            connect_timeout=PATIENCE,
        )


def test_a_link_in_the_place_of_the_short_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / LONG / "postgres"
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    trap = Path(tempfile.gettempdir()) / f"pricetracker-{name}"
    trap.symlink_to(tmp_path)
    try:
        assert refusal(folder) == (
            f"OperationalError: {trap}, meant for PostgreSQL's socket, is not a private folder of"
            " this user: remove it, or set PRICETRACKER_HOME to a shorter path."
        )
    finally:
        trap.unlink()


def test_a_server_that_does_not_start_says_why(fresh: Private) -> None:
    user = fresh.user()
    user.connect()
    user.leave()
    fresh.wait_until_stopped()
    version = fresh.data / "PG_VERSION"
    version.write_text("17\n", encoding="utf-8")
    later = fresh.user()
    assert later.connect() == (
        "OperationalError: PostgreSQL did not start (database files are incompatible with server):"
        f" see {fresh.folder / 'server.log'}, or set DATABASE_URL to another server."
    )
    version.write_text("18\n", encoding="utf-8")
    assert later.ask("SELECT 1") == "1"


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sentence = refusal(tmp_path / "file" / "postgres")
    assert sentence.startswith("OperationalError: PostgreSQL's folder cannot be used (")
    assert "PRICETRACKER_HOME" in sentence


def refusal(folder: Path) -> str:
    user = User(folder)
    try:
        return user.connect()
    finally:
        user.leave()
