"""What a measurement needs of a tape's files: room on the disk, and that the system forgets what it has read of them."""

import os
import shutil
import sys
import time
from pathlib import Path

# Bytes: of a tick, with its indexes and with what it takes to sort them; and of PostgreSQL's log and itself.
TICK = 170
BESIDE = 3 << 30

PRIVATE = not os.environ.get("DATABASE_URL", "").strip()

# Only a private server can be stopped, and only some systems can be told to forget a file.
CAN_FORGET = PRIVATE and hasattr(os, "posix_fadvise")

# Seconds between two looks whether a server has stopped.
BEAT = 0.1


def check_room(home: str, ticks: int) -> None:
    """Ends the measurement with a sentence when there is too little. Of another server's disk nothing is known here."""
    needed, free = ticks * TICK + BESIDE, shutil.disk_usage(home).free
    if PRIVATE and free < needed:
        sys.exit(
            f"{ticks:,} ticks need {needed / 1e9:.0f} GB, and {home} has {free / 1e9:.0f} GB left:"
            " choose fewer with --millions, or another folder with TMPDIR."
        )


def forget(home: Path) -> None:
    """Wait until the server has stopped, and make the system forget its files: then PostgreSQL has nothing of them, either."""
    while list(home.rglob("postmaster.pid")):
        time.sleep(BEAT)
    for path in filter(Path.is_file, home.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
