"""What is wrong with an archive file, or with a line of it."""

from typing import NamedTuple


class ArchiveError(Exception):
    """A file that cannot be read, or not further; the message is one sentence that names it."""


class Unreadable(NamedTuple):
    """A line that is no aggTrade.

    line: its number, from 1.
    reason: in words, without a full stop.
    ids: the first and last trade id in it, if at least these can be read.
    time: in microseconds since 1970, likewise.
    """

    line: int
    reason: str
    ids: tuple[int, int] | None = None
    time: int | None = None
