"""The process that starts the server, stays as long as anybody uses it, and stops it.

`python -m PACKAGE.keeper FOLDER CONFIGURATION`, the latter as JSON.
"""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import Unavailable, locks, log
from .cluster import Cluster
from .configuration import Configuration

# Seconds between looks at who is left. A server that died is noticed as soon.
BEAT = 0.25

# Seconds to win the keeper's lock from those who only look, for an instant, whether it is taken.
CONTEST = 2

# With these or a session of its own, no Ctrl-C in the terminal of whoever sent for it reaches a keeper.
if sys.platform == "win32":
    APART = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    APART = 0


def spawn(folder: Path, configuration: Configuration) -> subprocess.Popen[str]:
    """Send for a keeper. Why it gave up, if it did, is what it wrote to its stderr."""
    return subprocess.Popen(  # noqa: S603 - our own module, by our own Python
        [sys.executable, "-m", __name__, str(folder), configuration.to_json()],
        # Where the package is found, whatever it is called.
        cwd=Path(__file__).parents[__name__.count(".")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
        creationflags=APART,
    )


def keep(cluster: Cluster, configuration: Configuration) -> None:
    keeper = locks.keeper(cluster.folder)
    if not keeper.acquire_write_lock(timeout=CONTEST):
        return  # There is one already.
    users = locks.users(cluster.folder)
    while not users.acquire_write_lock(blocking=False):
        if not cluster.is_up():
            cluster.start(configuration)
        log.trim(cluster.log)
        time.sleep(BEAT)
    cluster.stop()
    # Both locks go with the process. Whoever waited for them finds no server and no keeper, and starts anew.


def main(folder: str, configuration: str) -> None:
    wanted = Configuration.from_json(configuration)
    try:
        keep(Cluster(Path(folder)), wanted)
    except Unavailable as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(wanted.folder_unusable(error))


def deaf() -> None:
    """It ends after its last user. systemd would end it first, while the others, who are told to end as well, still commit
    what they have: PostgreSQL is then started again for them."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # Not SIG_IGN, which the programs that it starts would inherit.
            signal.signal(getattr(signal, name), lambda *_: None)


if __name__ == "__main__":
    # What it writes is read by `spawn`, in whatever encoding the machine has for a console.
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8")
    deaf()
    main(*sys.argv[1:])
