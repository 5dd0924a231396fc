"""An archive file from its first to its last row, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import columns
from .blocks import BLOCK, blocks
from .columns import Rows
from .errors import ArchiveError
from .unpacking import opened

# Bytes in a row without any aggTrade, as `columns.MOST_IN_VAIN` for lines that have no end.
MOST_BYTES_IN_VAIN = 64 << 20

# How files begin that some editors write instead of UTF-8.
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Size(NamedTuple):
    """lines: at most one is a header. unpacked: bytes. remarks: see `Content`."""

    lines: int
    unpacked: int
    remarks: list[str]


def measure(path: Path) -> Size:
    """Unpack a file once without looking at its rows.

    What it says of its own content is compared with that content. So what is imported later is what
    was packed. Raises ArchiveError, but for a packed file that ends too early: what is there is
    readable.
    """
    lines = unpacked = 0
    ending = b""
    with opened(path) as content:
        for piece in content.pieces():
            if not unpacked and piece.startswith(UTF_16_MARKS):
                raise ArchiveError(f"{path}: it is UTF-16; save it as UTF-8.")
            lines += piece.count(b"\n")
            unpacked += len(piece)
            ending = piece[-1:]
        return Size(lines + (ending not in (b"", b"\n")), unpacked, content.remarks)


def read(path: Path, size: int = BLOCK) -> Iterator[Rows]:
    """The rows of a file, some 50,000 at a time.

    size: bytes of a block. Raises ArchiveError, after what could be read.
    """
    in_vain = bytes_in_vain = line = last_row = 0
    with opened(path) as content:
        for block in blocks(content.pieces(), size):
            if block.dropped:
                bytes_in_vain += block.dropped
            else:
                rows = columns.read(block, in_vain)
                yield rows
                line = block.line + block.content.count(b"\n") - 1
                in_vain = rows.in_vain
                last_row = rows.lines[-1] if rows else last_row
                bytes_in_vain = 0 if rows else bytes_in_vain + len(block.content)
            if in_vain >= columns.MOST_IN_VAIN or bytes_in_vain > MOST_BYTES_IN_VAIN:
                raise ArchiveError(
                    f"{path}: what follows line {last_row:,} holds no aggTrade for long; "
                    "the rest was not read."
                )
        if content.is_cut:
            raise ArchiveError(
                f"{path}: the packed file ends too early, in or after line {line:,}. "
                "Download it again."
            )
