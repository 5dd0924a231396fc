"""The .CHECKSUM file that the archive publishes beside each of its files."""

import hashlib
import re
from pathlib import Path

from .errors import ArchiveError
from .names import CHECKSUM

# A line of sha256sum.
LINE = re.compile(r"(?P<digest>[0-9a-fA-F]{64})[ \t]+\*?(?P<name>.+)")

# Bytes. A file of one such line is far smaller.
LARGEST = 64 << 10


def verify(path: Path) -> bool:
    """Compare a file with the .CHECKSUM beside it. Returns whether there is one.

    Raises ArchiveError when the two differ, and when the checksum cannot be read. The archive has
    replaced files without their checksums: so the message says how to do without.
    """
    beside = path.with_name(path.name + CHECKSUM)
    try:
        if not beside.is_file():
            return False
        with beside.open("rb") as lines:
            text = lines.read(LARGEST).decode("utf-8-sig", "replace")
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror or error}).") from None
    digests = [
        match["digest"].lower()
        for line in text.splitlines()
        if (match := LINE.fullmatch(line.strip())) and Path(match["name"]).name == path.name
    ]
    if not digests:
        raise ArchiveError(f"{path}: {beside.name} has no SHA-256 checksum of it.")
    if found not in digests:
        raise ArchiveError(
            f"{path}: its content does not match {beside.name}. Download both again; to read it "
            "anyway, delete that file."
        )
    return True
