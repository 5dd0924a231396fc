"""What is told of rows that were not imported: the lines of a file, each with a reason."""

from collections.abc import Callable, Iterable
from pathlib import Path

# Lines, or ranges of lines, that are told of one file.
SHOWN = 100


class LineReport:
    """Remarks about lines of one file. Neighbouring lines with the same reason are told together.

    `say` takes a finished line of text.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._begin = self._end = 0
        self._reason = ""
        self._told = self._untold = 0

    def add(self, lines: Iterable[tuple[int, str]]) -> None:
        """Some lines in ascending order, and what is to be said of each."""
        for line, reason in lines:
            if reason == self._reason and line == self._end + 1:
                self._end = line
                continue
            self.flush()
            self._begin = self._end = line
            self._reason = reason

    def flush(self) -> None:
        if not self._reason:
            return
        count = self._end - self._begin + 1
        if self._told < SHOWN:
            where = f"line {self._begin}" if count == 1 else f"lines {self._begin} to {self._end}"
            self._say(f"{self._path}, {where}: {self._reason}.")
            self._told += 1
        else:
            self._untold += count
        self._reason = ""

    def close(self) -> None:
        """Tell what is left, and how much was not told."""
        end = self._end
        self.flush()
        if self._untold:
            self._say(f"{self._path}: {self._untold:,} more lines of this kind, up to line {end}.")
