"""Silence that an exchange has asked for, kept in a file: a process that starts meanwhile keeps it, too."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

# Seconds. Its longest ban is three days: a clock that was set back must not make more of it.
LONGEST = 3 * 24 * 3600


class Silence:
    """One file an exchange in a folder: the time on the wall's clock, in seconds of the epoch, until which nothing is asked."""

    def __init__(
        self, folder: Path, base_url: str, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self.path = folder / f"silence-{quote(base_url, safe='')}"
        self.wall_clock = wall_clock

    def left(self) -> float:
        """Seconds that are left of it."""
        try:
            until = float(self.path.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            # ValueError: a file that was cut by a crash. At worst the exchange says it once more.
            return 0.0
        return min(max(0.0, until - self.wall_clock()), LONGEST)

    def keep(self, seconds: float) -> None:
        if seconds <= self.left():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # In one step: others may be reading.
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        draft.write_text(f"{self.wall_clock() + seconds:.3f}", encoding="ascii")
        draft.replace(self.path)
