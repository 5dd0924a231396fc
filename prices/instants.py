"""Instants as clients write them: read exactly, and answered in the same dialect."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .keys import EPOCH, MINUTE, minute_start

# An integer is epoch seconds, milliseconds or microseconds by its size: each unit covers the years up to 5138.
MILLISECONDS_FROM = 10**11
MICROSECONDS_FROM = 10**14

# The `+` of an offset arrives as a blank when a client did not write it as %2B in the URL.
LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")

WANTED = (
    "Must be an ISO 8601 time such as 2025-07-03T08:30:36, 2025-07-03T08:30:36.984239Z or "
    "2025-07-03T10:30:36%2B02:00, or an integer of epoch seconds, milliseconds or microseconds."
)


def iso(instant: datetime) -> str:
    """An aware instant in UTC with Z; no fraction when it is zero, else six digits."""
    return naive_iso(instant) + "Z"


def naive_iso(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat()


@dataclass(frozen=True)
class Asked:
    """An instant as a client asked for it: `instant` is aware, in UTC; `text` is the client's own spelling."""

    text: str
    instant: datetime
    # Microseconds in one unit of an integer; None for ISO 8601.
    unit: int | None = None
    naive: bool = False

    @property
    def minute(self) -> str:
        """The minute of the instant in the same dialect, seconds cut off."""
        start = minute_start(self.instant)
        if self.unit:
            return str((start - EPOCH) // timedelta(microseconds=1) // self.unit)
        if self.naive:
            return start.replace(tzinfo=None).isoformat(timespec="minutes")
        if self.text[-1] in "Zz":
            return start.replace(tzinfo=None).isoformat(timespec="minutes") + "Z"
        zone = datetime.fromisoformat(self.text).tzinfo
        return start.astimezone(zone).isoformat(timespec="minutes")

    def answer(self, instant: datetime | None) -> str | None:
        """Another instant, written for the client that asked for this one."""
        if instant is None:
            return None
        return naive_iso(instant) if self.naive else iso(instant)


def parse(text: str) -> Asked:
    """Read an instant. Raises ValueError, with a sentence for the client, when it is none.

    Digits beyond the microsecond are cut off: no tick lies between.
    """
    text = text.strip()
    try:
        if re.fullmatch(r"[+-]?\d+", text, re.ASCII):
            return parse_integer(text)
        return parse_iso(LOST_PLUS.sub("+", text))
    except (ValueError, OverflowError) as error:
        raise ValueError(WANTED) from error


def parse_integer(text: str) -> Asked:
    number = int(text)
    if abs(number) < MILLISECONDS_FROM:
        unit = 1_000_000
    elif abs(number) < MICROSECONDS_FROM:
        unit = 1_000
    else:
        unit = 1
    return Asked(text, EPOCH + timedelta(microseconds=number * unit), unit=unit)


def parse_iso(text: str) -> Asked:
    # RFC 3339 has the z in either case, Python in one.
    moment = datetime.fromisoformat(text.replace("z", "Z"))
    offset = moment.utcoffset()
    if offset is None:
        return Asked(text, moment.replace(tzinfo=UTC), naive=True)
    if offset % MINUTE:
        # ISO 8601 knows none, and a minute could not be named in it.
        raise ValueError("an offset has no seconds")
    return Asked(text, moment.astimezone(UTC))
