"""The Retry-After of an exchange, kept in a file, so that other processes respect it as well."""

import logging
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from .rate_limit import LONGEST_PAUSE

logger = logging.getLogger(__name__)

# Seconds. A clock that was set back must not extend the pause.
LONGEST = LONGEST_PAUSE

# Maximum characters of the file: an instant has fewer.
LENGTH = 64


class RetryAfter:
    """A file per exchange in a folder. It holds the time until which nothing may be requested.

    By the wall clock, in seconds since 1970.
    """

    def __init__(
        self, folder: Path, base_url: str, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self.path = folder / f"silence-{quote(base_url, safe='')}"
        self._wall_clock = wall_clock
        self.is_shared = True  # As far as is known.

    def left(self) -> float:
        """Seconds until a request may be made; 0.0: now."""
        try:
            with open(self.path, encoding="ascii", opener=without_waiting) as file:
                until = float(file.read(LENGTH))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            # ValueError: a crash truncated the file. At worst the exchange answers 429 again.
            return 0.0
        except OSError as error:
            self._alone(error)
            return 0.0
        left = until - self._wall_clock()
        return min(left, LONGEST) if left > 0 else 0.0

    def keep(self, seconds: float) -> None:
        """Store a pause of some seconds for other processes, if the folder can be written to."""
        if seconds <= self.left():
            return
        # Nobody can have put a link there: the name cannot be guessed, and the file must not exist.
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Replaced in one step: others may be reading.
            with draft.open("x", encoding="ascii") as file:
                file.write(f"{self._wall_clock() + seconds:.3f}")
            draft.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            self._alone(error)

    def _alone(self, error: OSError) -> None:
        """Log once that the pause cannot be shared with other processes."""
        if self.is_shared:
            logger.warning(
                "Rate limits cannot be shared with other processes through %s: %s.",
                self.path.parent,
                error.strerror or error,
            )
        self.is_shared = False


def without_waiting(path: str, flags: int) -> int:
    """Open a file; a named pipe in its place does not wait for somebody to write."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
