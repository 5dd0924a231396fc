"""What a measurement needs of a tape's files: room on the disk, and that the system forgets what it
has read of them.
"""

import os
import shutil
import time
from pathlib import Path

# Bytes: of a tick, with its indexes and with what it takes to sort them; and of PostgreSQL's log
# and itself.
TICK = 170
BESIDE = 3 << 30

PRIVATE = not os.environ.get("DATABASE_URL", "").strip()

# Only a private server can be stopped, and only some systems can be told to forget a file.
CAN_FORGET = PRIVATE and hasattr(os, "posix_fadvise")

# Seconds between two looks whether a server has stopped, and until nobody waits for it any longer.
BEAT = 0.1
PATIENCE = 120


def check_room(home: str, ticks: int) -> None:
    """Raises OSError when there is too little. Of another server's disk nothing is known here."""
    needed, free = ticks * TICK + BESIDE, shutil.disk_usage(home).free
    if PRIVATE and free < needed:
        raise OSError(
            f"{ticks:,} ticks need {needed / 1e9:.0f} GB, and {home} has {free / 1e9:.0f} GB left:"
            " choose fewer with --millions, or another folder with TMPDIR."
        )


def has_stopped(home: Path) -> bool:
    """Whether the private server in a home has stopped, as it does by itself when nobody uses it:
    waits for it.
    """
    deadline = time.monotonic() + PATIENCE
    while list(home.glob("*/server/data/postmaster.pid")):
        if time.monotonic() > deadline:
            return False
        time.sleep(BEAT)
    return True


def forget(home: Path) -> None:
    """Wait until the server has stopped, and make the system forget its files: then PostgreSQL has
    nothing of them, either.
    """
    if not has_stopped(home):
        raise TimeoutError(f"PostgreSQL in {home} has not stopped after {PATIENCE} seconds.")
    for path in filter(Path.is_file, home.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
