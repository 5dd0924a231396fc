"""The private server's folder when others can write to it, and when there is no room: refused in a
sentence.
"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pricetracker.postgres import locks, log, postmaster
from pricetracker.postgres.cluster import Cluster
from pricetracker.postgres.configuration import Configuration
from pricetracker.private_database import private_database
from tests.support.private_postgres import PATIENCE, PROJECT, Private

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")

STRANGER = 12345


class TestFolderThatOthersCanChange:
    """They could put settings there whose commands the server runs."""

    @pytest.mark.root
    def test_of_another_user_is_refused(self, tmp_path: Path) -> None:
        os.chown(tmp_path, STRANGER, -1)
        with pytest.raises(OSError, match="belongs to another user"):
            locks.refuse_foreign(tmp_path)

    @pytest.mark.root
    def test_reached_by_the_link_of_another_user_is_refused(self, tmp_path: Path) -> None:
        link = tmp_path / "postgres"
        link.symlink_to(tmp_path)
        os.chown(link, STRANGER, -1, follow_symlinks=False)
        with pytest.raises(OSError, match="belongs to another user"):
            locks.refuse_foreign(link)

    def test_that_everybody_may_write_to_is_refused(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o777)
        with pytest.raises(OSError, match="everybody may write to"):
            locks.refuse_foreign(tmp_path)

    def test_of_ones_own_is_taken(self, tmp_path: Path) -> None:
        locks.refuse_foreign(tmp_path)

    @pytest.mark.timeout(60)
    def test_a_named_pipe_is_no_server_and_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(postmaster.pid_file(tmp_path))
        assert postmaster.find(tmp_path) is None


class TestNoRoom:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    names = Configuration.of(private_database(Path("postgres")))

    def test_the_sentence_names_the_folder_and_no_other_server(self) -> None:
        cure = "make room, or set PRICETRACKER_HOME to a folder on another disk"
        assert self.names.another_server(self.full) == cure
        assert self.names.folder_unusable(self.full).endswith(f"No space left on device): {cure}.")

    def test_initdb_says_why_and_not_what_it_removes(self, tmp_path: Path) -> None:
        folder = tmp_path / "postgres"
        # No file may be larger than 1 MB: the first of the log would have 16.
        limited = ["sh", "-c", 'ulimit -f 2000; exec "$0" "$@"', sys.executable]
        try:
            said = subprocess.run(
                [*limited, "-m", "tests.support.postgres_user", str(folder), "tape", "{}"],
                cwd=PROJECT,
                input="SELECT 1\n",
                capture_output=True,
                encoding="utf-8",
                timeout=PATIENCE,
                check=True,
            )
        finally:
            Private(folder).clear()
        assert "files could not be created (could not " in said.stdout

    def test_the_last_complaint_counts(self, tmp_path: Path) -> None:
        output = tmp_path / "command.log"
        output.write_text("initdb: error: no room\ninitdb: removing data\n", encoding="utf-8")
        assert log.complaint(output) == "no room"

    def test_a_server_that_ends_without_a_word_has_not_started(self, tmp_path: Path) -> None:
        class Mute(Cluster):
            def launch(self) -> bool:
                return False

        assert Mute(tmp_path).try_start() == "it ended without giving a reason"
