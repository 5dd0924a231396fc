"""The site for tests: `manage.py runserver` as a process of its own, on the tests' database."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.recorders import PATIENCE, manage

READY = re.compile(r"The site is at (http://\S+)/ - Ctrl-C stops it\.\n")


@dataclass
class Site:
    """`url` is without a slash at its end."""

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


def address(process: subprocess.Popen[str]) -> str:
    """The address that a server says it is at."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if found := READY.fullmatch(line):
            return found[1]
    raise AssertionError("".join(lines))


@contextmanager
def running_site(port: int = 0, **environment: str) -> Iterator[Site]:
    """A site for as long as the block lasts; on a free port unless one is given. It must end well
    on SIGTERM.
    """
    process = manage("runserver", "--noreload", f"127.0.0.1:{port}", **environment)
    try:
        yield Site(process, address(process))
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, output
            assert "Traceback" not in output, output
    finally:
        process.kill()
        process.communicate()
