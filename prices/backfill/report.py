"""What is told of rows that were not imported: the lines of a file, each with a reason."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

# What differs between reasons of one kind: ids and times.
DETAIL = re.compile(r"\d[\d:.TZ-]*")

# Lines, or ranges of lines, that are told of one file.
SHOWN = 100


class LineReport:
    """Remarks about lines of one file.

    Neighbouring lines with reasons of one kind are told together, with the first one's reason.

    `say` takes a finished line of text.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._begin = self._end = 0
        self._reason = self._kind = ""
        self._is_one_reason = True
        self._told = self._untold = 0

    def add(self, lines: Iterable[tuple[int, str]]) -> None:
        """Some lines in ascending order, and what is to be said of each."""
        for line, reason in lines:
            kind = DETAIL.sub("", reason)
            if kind == self._kind and line == self._end + 1:
                self._end = line
                self._is_one_reason = self._is_one_reason and reason == self._reason
                continue
            self.flush()
            self._begin = self._end = line
            self._reason, self._kind, self._is_one_reason = reason, kind, True

    def flush(self) -> None:
        if not self._reason:
            return
        count = self._end - self._begin + 1
        if self._told < SHOWN:
            where = f"line {self._begin}" if count == 1 else f"lines {self._begin} to {self._end}"
            first = "" if self._is_one_reason else "the first: "
            self._say(f"{self._path}, {where}: {first}{self._reason}.")
            self._told += 1
        else:
            self._untold += count
        self._reason = self._kind = ""

    def close(self) -> None:
        """Tell what is left, and how much was not told."""
        end = self._end
        self.flush()
        if self._untold:
            self._say(f"{self._path}: {self._untold:,} more lines of this kind, up to line {end}.")
