"""The lines of a file in blocks of whole lines, numbered as an editor numbers them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Bytes of a block: some 50,000 rows.
BLOCK = 4 << 20

# Bytes of a line that are kept: enough to say what it is.
KEPT_OF_A_LINE = 4 << 10

UTF_8_MARK = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """line: the number of its first line. content: whole lines, each with its line break.

    dropped: instead of content, how many bytes of a line were left out.
    """

    line: int
    content: bytes
    dropped: int = 0


def blocks(pieces: Iterable[bytes], size: int = BLOCK) -> Iterator[Block]:
    """Join the pieces of a file, and cut them after line breaks.

    A line that has no end is cut: memory stays bounded whatever the file holds.
    """
    line, rest, waiting, length = 1, b"", [], 0
    for piece in without_mark(pieces):
        waiting.append(piece)
        length += len(piece)
        if length < size:
            continue
        whole, _, rest = (rest + b"".join(waiting)).rpartition(b"\n")
        if whole:
            block = whole + b"\n"
            yield Block(line, block)
            line += block.count(b"\n")
        waiting, length = [], len(rest)
        if length >= size:
            # Its beginning alone: it is no row anyway.
            yield Block(line, b"", dropped=length)
            rest = rest[:KEPT_OF_A_LINE]
            length = len(rest)
    last = rest + b"".join(waiting)
    if last:
        yield Block(line, last if last.endswith(b"\n") else last + b"\n")


def without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Take the byte order mark off the beginning of a file."""
    for number, piece in enumerate(pieces):
        yield piece.removeprefix(UTF_8_MARK) if number == 0 else piece
