"""A cluster: PostgreSQL's files in one folder. Creates, starts and stops it.

Only the keeper does that, and there is one keeper at a time.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from . import Unavailable, account, addresses, files, log, postmaster, programs
from .configuration import Configuration

# The same sort order on every machine.
LOCALE = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]

# Time zones, the same on every machine. initdb chooses all other settings.
SETTINGS = {"timezone": "UTC", "log_timezone": "UTC"}

# Seconds that pg_ctl waits: a week, because recovery after a crash may take long.
PG_CTL_TIMEOUT = "604800"

# Seconds between two checks of a server that is starting.
POLL_INTERVAL = 0.02

# Seconds until the children of a killed server notice, exit and release its shared memory.
ORPHANS_TIMEOUT = 60


class Cluster:
    """PostgreSQL's files below `folder`.

    `server` has the data and the password, and is created in one step. Locks and logs are beside
    it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = folder / "server"
        self.data = self._server / "data"
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @cached_property
    def _account(self) -> account.Account | None:
        return account.of(self.folder)

    def password(self) -> str:
        """The password of the superuser. Raises OSError when the cluster was not created yet."""
        return files.read(self._server / "password", self.folder, self._account).decode("ascii")

    def start(self, configuration: Configuration) -> None:
        """Start the server, creating the cluster if needed. Recovery may take long.

        Raises Unavailable when it cannot be created or does not start.
        """
        for left_behind in self.folder.glob("draft-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        if not self._server.exists():
            self._create(configuration)
        postmaster.remove_stale(self.data)
        address = addresses.choose(self.folder, self._account, configuration)
        self._configure(
            configuration.settings_file, {**SETTINGS, **address, **configuration.options}
        )
        deadline = time.monotonic() + ORPHANS_TIMEOUT
        while refusal := self.try_start():
            if "shared memory block" not in refusal or time.monotonic() > deadline:
                raise Unavailable(
                    f"PostgreSQL did not start ({refusal}):"
                    f" see {self.log}, or {configuration.another_server(refusal)}."
                )
            time.sleep(0.2)

    def try_start(self) -> str:
        """Try to start the server. Returns why it did not start; empty on success.

        Whether the server is there decides, not the exit status of pg_ctl. That reports success for
        an abandoned recovery, and failure when a keeper that was killed had started the server
        already.
        """
        logged = log.size(self.log)
        started = self.launch()
        if postmaster.find(self.data):
            return ""
        if fatal := log.fatal(self.log, logged):
            return fatal
        if started:
            return ""  # Started, and killed since: the keeper will notice.
        # On a full disk the log stays empty, and an empty reason would mean success.
        said = log.last_line(self.log, logged) or log.last_line(programs.output(self.folder))
        return said or "it ended without giving a reason"

    def launch(self) -> bool:
        """Start the server and wait until it is ready. Returns whether it seems to be."""
        if sys.platform == "win32":
            # PostgreSQL refuses to run with an administrator's rights, and only pg_ctl drops them.
            return self.control("start", "-l", self.log)
        # pg_ctl would pass the paths to a shell, which would run commands that they contain.
        with files.append(self.log, self.folder, self._account) as written:
            self._process = programs.launch(
                "postgres", "-D", self.data, folder=self.folder, account=self._account, to=written
            )
        while self._process.poll() is None:
            if (found := postmaster.find(self.data)) and found.ready:
                return True
            time.sleep(POLL_INTERVAL)
        return False

    def is_up(self) -> bool:
        """Whether the server is running. Reaps our own child when it has died."""
        if self._process:
            self._process.poll()
        return postmaster.find(self.data) is not None

    def stop(self) -> None:
        """Stop the server if it runs, and disconnect everybody."""
        if found := postmaster.find(self.data):
            self.control("stop", "-m", "fast")
            if self._process:
                self._process.wait()
            addresses.clear(found.host, self.folder)

    def _create(self, configuration: Configuration) -> None:
        """Create data and password in a draft folder, then rename it: all or nothing.

        Raises Unavailable.
        """
        programs.refuse_shell_syntax("initdb", configuration.server_setting)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self.folder))
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32), encoding="ascii")
        for made in (draft, password):
            account.hand_over(made, self._account)
        login = [f"--username={configuration.user}", f"--pwfile={password}", "--auth=scram-sha-256"]
        if not self.run("initdb", *LOCALE, *login, "-D", draft / "data"):
            output = programs.output(self.folder)
            reason = log.complaint(output)
            raise Unavailable(
                f"PostgreSQL's files could not be created ({reason}): see {output},"
                f" or {configuration.another_server(reason)}."
            )
        main = draft / "data" / "postgresql.conf"
        with files.append(main, self.folder, self._account) as file:
            file.write(f"include = {quote(configuration.settings_file)}\n".encode())
        draft.rename(self._server)

    def _configure(self, name: str, settings: Mapping[str, str]) -> None:
        """Write settings to a file, where no shell and no command line can misread them."""
        lines = ["# Rewritten at each start."]
        lines += [f"{setting} = {quote(value)}" for setting, value in settings.items()]
        # Paths are bytes: encode them as the file system does.
        written = os.fsencode("\n".join(lines) + "\n")
        files.replace(self.data / name, written, self.folder, self._account)

    def control(self, action: str, *arguments: str | Path) -> bool:
        return self.run("pg_ctl", action, "-w", "-t", PG_CTL_TIMEOUT, "-D", self.data, *arguments)

    def run(self, program: str, *arguments: str | Path) -> bool:
        return programs.run(program, *arguments, folder=self.folder, account=self._account)


def quote(value: str) -> str:
    """A string of postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
