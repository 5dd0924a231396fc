"""Sizes on disk, in words."""

from .counts import counted

# Bytes on disk per tick, indexes included.
BYTES_PER_TICK = 130

UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def size(number: int) -> str:
    """A number of bytes, with its unit."""
    for unit, name in UNITS:
        if number >= unit:
            return f"{number / unit:,.1f} {name}"
    return counted(number, "byte")
