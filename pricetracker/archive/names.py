"""Names of archive files: which of those in a folder are some, and of which symbol each is."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .errors import ArchiveError

# BTCUSDT-aggTrades-2025-07-03.zip; a symbol may be of any script, but never in lower case.
NAME = re.compile(
    r"(?P<symbol>(?:[-.]|(?![a-z])\w){1,50})-aggTrades-(?P<period>.+?)"
    r"(?P<suffix>\.csv|\.csv\.gz|\.csv\.zip|\.zip)"
)

CHECKSUM = ".CHECKSUM"

WANTED = (
    "the name must be like BTCUSDT-aggTrades-2025-07-03.zip, or with .csv, .csv.gz or .csv.zip "
    "at its end"
)


class ArchiveFile(NamedTuple):
    """`period` is what its name says, such as 2025-07 or 2025-07-03."""

    symbol: str
    period: str
    path: Path


class Found(NamedTuple):
    """files: in order of symbol and period. others: how many files of a folder are none."""

    files: list[ArchiveFile]
    others: int


def of(path: Path) -> ArchiveFile:
    """What the name of a file says. Raises ArchiveError when it is not that of an archive file."""
    found = NAME.fullmatch(path.name)
    if found is None:
        raise ArchiveError(f"{path}: {WANTED}.")
    return ArchiveFile(found["symbol"], found["period"], path)


def find(paths: Iterable[Path]) -> Found:
    """Files as they are named, and those in folders, however deep; each once.

    Raises ArchiveError for a file with another name, and for a path without any archive file.
    """
    files: dict[Path, ArchiveFile] = {}
    others = 0
    for path in paths:
        if not path.exists():
            raise ArchiveError(f"{path}: there is no such file or folder.")
        if not path.is_dir():
            files[path.resolve()] = of(path)
            continue
        inside = [each for each in sorted(path.rglob("*")) if each.is_file()]
        named = [each for each in inside if NAME.fullmatch(each.name)]
        if not named:
            raise ArchiveError(f"{path}: the folder has no archive file; {WANTED}.")
        files |= {each.resolve(): of(each) for each in named}
        others += sum(not is_companion(each) for each in inside) - len(named)
    return Found(sorted(files.values()), others)


def is_companion(path: Path) -> bool:
    """Whether it is the checksum of an archive file."""
    return path.suffix.upper() == CHECKSUM and NAME.fullmatch(path.stem) is not None
