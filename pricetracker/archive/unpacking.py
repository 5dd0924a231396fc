"""The content of an archive file: plain, gzipped or zipped, in pieces, never as a whole."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from .errors import ArchiveError
from .members import choose

# Bytes that are unpacked at a time.
PIECE = 1 << 20

# Bytes of a file, unpacked. A month of the busiest symbol has some 20 GB. What is larger is not of
# the archive: a few kilobytes of zip can hold any amount.
LARGEST = 100 << 30


class Reading(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class Content:
    """An opened file.

    remarks: what a person should know of it, in words.
    is_cut: the packed file ended too early. What came before is whole.
    """

    def __init__(self, path: Path, source: Reading, remarks: list[str]) -> None:
        self._path = path
        self._source = source
        self.remarks = remarks
        self.is_cut = False

    def pieces(self) -> Iterator[bytes]:
        """Raises ArchiveError."""
        size = 0
        with errors(self._path):
            while piece := self._piece():
                size += len(piece)
                if size > LARGEST:
                    raise ArchiveError(
                        f"{self._path}: unpacked it has more than {LARGEST >> 30} GiB."
                    )
                yield piece

    def _piece(self) -> bytes:
        try:
            # One read of the file at a time: whatever precedes the end is handed out.
            return self._source.read1(PIECE)
        except EOFError:
            self.is_cut = True
            return b""


@contextmanager
def opened(path: Path) -> Iterator[Content]:
    """Raises ArchiveError."""
    with errors(path):
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as unpacked:
                yield Content(path, unpacked, [])
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                chosen = choose(path, packed)
                with packed.open(chosen.member) as unpacked:
                    yield Content(path, cast("Reading", unpacked), chosen.remarks)
        else:
            with path.open("rb") as plain:
                yield Content(path, plain, [])


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """What the libraries raise, as ArchiveError."""
    try:
        yield
    # RuntimeError: it is encrypted; NotImplementedError: packed in a way that nobody knows.
    except (EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{path}: cannot be unpacked ({error}).") from None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror or error}).") from None
