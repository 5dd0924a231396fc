"""The process that starts the server, keeps it running while anybody uses it, and stops it.

`python -m PACKAGE.keeper FOLDER CONFIGURATION`, the configuration as JSON.
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

# Seconds between two checks for remaining users and for a server that has died.
CHECK_INTERVAL = 0.25

# Seconds to try for the keeper's lock: other processes hold it for instants, to see whether it is
# free.
LOCK_TIMEOUT = 2

# With these flags, or in a session of its own, a keeper does not receive the Ctrl-C of the terminal
# that started it.
if sys.platform == "win32":
    APART = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    APART = 0


def spawn(folder: Path, configuration: Configuration) -> subprocess.Popen[str]:
    """Start a keeper. If it gives up, it writes the reason to its stderr."""
    return subprocess.Popen(  # noqa: S603 - our own module, by our own Python
        [sys.executable, "-m", __name__, str(folder), configuration.to_json()],
        # The folder that contains the package, whatever the package is called.
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
    """Run the server until its last user has gone. Raises Unavailable or OSError."""
    keeper = locks.keeper(cluster.folder)
    if not keeper.acquire_write_lock(timeout=LOCK_TIMEOUT):
        return  # Another keeper is running.
    users = locks.users(cluster.folder)
    while not users.acquire_write_lock(blocking=False):
        if not cluster.is_up():
            cluster.start(configuration)
        log.trim(cluster.log)
        time.sleep(CHECK_INTERVAL)
    cluster.stop()
    # Both locks go with this process. A process that waits for them then finds neither server nor
    # keeper, and starts a new keeper.


def main(folder: str, configuration: str) -> None:
    wanted = Configuration.from_json(configuration)
    try:
        keep(Cluster(Path(folder)), wanted)
    except Unavailable as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(wanted.folder_unusable(error))


def ignore_stop_signals() -> None:
    """Ignore SIGTERM and SIGHUP: the keeper ends after its last user.

    systemd sends SIGTERM to all processes of a service at once. A keeper that obeyed would stop the
    server while the others still commit what they have, and they would start it again.
    """
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # Not SIG_IGN, which child processes would inherit.
            signal.signal(getattr(signal, name), lambda *_: None)


if __name__ == "__main__":
    # `hold` reads it as UTF-8, whatever encoding the console has.
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8")
    ignore_stop_signals()
    main(*sys.argv[1:])
