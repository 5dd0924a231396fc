"""A cluster: PostgreSQL's files in one folder, and how they are made, started and stopped.

The keeper alone makes, starts and stops; there is one keeper at a time.
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

# The same sorting and the same messages on every machine.
LOCALE = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]

# Instants in logs and answers, the same on every machine; on top of what initdb found right for it.
SETTINGS = {"timezone": "UTC", "log_timezone": "UTC"}

# Seconds that pg_ctl waits, a week: recovery after a crash takes as long as it takes.
PATIENCE = "604800"

# Seconds between looks at a server that starts.
LOOK_INTERVAL = 0.02

# Seconds for the children of a server that was killed to notice, and to let go of its shared memory.
ORPHANS_LEAVE = 60


class Cluster:
    """The folder holds `server`, that is data and password, made as one; beside it the locks and logs."""

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
        return files.read(self._server / "password", self.folder, self._account).decode("ascii")

    def start(self, configuration: Configuration) -> None:
        """Bring the server up, however long it has to recover."""
        for left_behind in self.folder.glob("draft-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        if not self._server.exists():
            self._create(configuration)
        postmaster.remove_stale(self.data)
        address = addresses.choose(self.folder, self._account, configuration)
        self._configure(
            configuration.settings_file, {**SETTINGS, **address, **configuration.options}
        )
        deadline = time.monotonic() + ORPHANS_LEAVE
        while refusal := self.try_start():
            if "shared memory block" not in refusal or time.monotonic() > deadline:
                raise Unavailable(
                    f"PostgreSQL did not start ({refusal}):"
                    f" see {self.log}, or {configuration.another_server(refusal)}."
                )
            time.sleep(0.2)

    def try_start(self) -> str:
        """Why the server did not start, or nothing. That it is there tells more than what pg_ctl thinks, which
        counts a recovery given up as a success, and a start by another keeper, killed over it, as a failure."""
        logged = log.size(self.log)
        started = self.launch()
        if postmaster.find(self.data):
            return ""
        if fatal := log.fatal(self.log, logged):
            return fatal
        if started:
            return ""  # And killed already: the keeper will notice.
        # On a full disk it cannot even say why: to say nothing would pass for a success.
        said = log.last_line(self.log, logged) or log.last_line(programs.output(self.folder))
        return said or "it ended without giving a reason"

    def launch(self) -> bool:
        """Start the server, and wait until it is ready. Returns whether it seems to have become so."""
        if sys.platform == "win32":
            # Only pg_ctl gives up an administrator's rights, which PostgreSQL refuses.
            return self.control("start", "-l", self.log)
        # pg_ctl would hand the paths to a shell, which runs the commands that it finds in them.
        with files.append(self.log, self.folder, self._account) as written:
            self._process = programs.launch(
                "postgres", "-D", self.data, folder=self.folder, account=self._account, to=written
            )
        while self._process.poll() is None:
            if (found := postmaster.find(self.data)) and found.ready:
                return True
            time.sleep(LOOK_INTERVAL)
        return False

    def is_up(self) -> bool:
        """Whether the server lives. One of ours that died is not kept as a zombie."""
        if self._process:
            self._process.poll()
        return postmaster.find(self.data) is not None

    def stop(self) -> None:
        """Stop the server if it runs, in a moment, whoever is connected."""
        if found := postmaster.find(self.data):
            self.control("stop", "-m", "fast")
            if self._process:
                self._process.wait()
            addresses.clear(found.host, self.folder)

    def _create(self, configuration: Configuration) -> None:
        """Make data and password aside, and put them in place as one: what is half made is never used."""
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
        """Settings go into a file, where no shell and no command line can misread them."""
        lines = ["# Rewritten at each start."]
        lines += [f"{setting} = {quote(value)}" for setting, value in settings.items()]
        # Paths are bytes, whatever the locale of this process makes of them.
        written = os.fsencode("\n".join(lines) + "\n")
        files.replace(self.data / name, written, self.folder, self._account)

    def control(self, action: str, *arguments: str | Path) -> bool:
        return self.run("pg_ctl", action, "-w", "-t", PATIENCE, "-D", self.data, *arguments)

    def run(self, program: str, *arguments: str | Path) -> bool:
        return programs.run(program, *arguments, folder=self.folder, account=self._account)


def quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
