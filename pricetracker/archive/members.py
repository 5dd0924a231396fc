"""Which member of a zip file holds the rows."""

import zipfile
from functools import partial
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from .errors import ArchiveError

# What macOS adds for each file when it packs a folder.
FOR_MACOS = "__MACOSX"

# Members of one file. The archive has one, or two.
MOST = 1_000

PIECE = 1 << 20


class Chosen:
    """The member to read, and remarks about the others, in words."""

    def __init__(self, member: zipfile.ZipInfo, remarks: list[str]) -> None:
        self.member = member
        self.remarks = remarks


def choose(path: Path, packed: zipfile.ZipFile) -> Chosen:
    """The only .csv in a zip file, or one of several that are equal.

    The archive was seen to pack a second copy in a folder. Raises ArchiveError when there is none,
    or when they differ: then nobody knows which one is right.
    """
    members = [member for member in packed.infolist() if not member.is_dir()]
    if len(members) > MOST:
        raise ArchiveError(f"{path}: it has {len(members):,} members; at most {MOST:,} are read.")
    rows = [member for member in members if is_csv(member)]
    if not rows:
        names = ", ".join(member.filename for member in members[:5]) or "nothing"
        raise ArchiveError(f"{path}: it holds no .csv, but {names}.")
    first, *copies = rows
    differing = [copy for copy in copies if not are_equal(packed, first, copy)]
    if differing:
        names = " and ".join(member.filename for member in [first, *differing])
        raise ArchiveError(f"{path}: {names} in it differ. Unpack it and import the right one.")
    remarks = [
        f"{copy.filename} is a copy of {first.filename}, which was read once" for copy in copies
    ]
    remarks += [f"{other.filename} in it was not read" for other in members if other not in rows]
    return Chosen(first, remarks)


def is_csv(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    return path.suffix.lower() == ".csv" and FOR_MACOS not in path.parts


def are_equal(packed: zipfile.ZipFile, one: zipfile.ZipInfo, other: zipfile.ZipInfo) -> bool:
    """Whether two members have the same content, compared byte by byte."""
    if one.file_size != other.file_size:
        return False
    with packed.open(one) as left, packed.open(other) as right:
        pieces = (iter(partial(each.read, PIECE), b"") for each in (left, right))
        return all(mine == theirs for mine, theirs in zip_longest(*pieces))
