"""Instants as clients write them: read exactly, and answered in the same format."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..minutes import EPOCH, minute_start

# An integer is epoch seconds, milliseconds or microseconds by its size: each unit covers the years
# up to 5138.
MILLISECONDS_FROM = 10**11
MICROSECONDS_FROM = 10**14

# Instants that an integer may name. Most other numbers are a date without separators, nanoseconds
# or a typing error: 20261128 would be in 1970, 20261128031228 in 2612, 2026112803 in 2034. Before
# the first instant there was nothing to trade; ISO 8601 can express what is out of these bounds.
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=366)
# When this was written: a machine whose clock is behind it has the wrong time.
WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)

INTEGER = re.compile(r"[+-]?\d+", re.ASCII)

# Digits that may be a calendar date, by how many there are.
CALENDAR = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}

# Epoch nanoseconds have so many digits from 2001 to 2286.
NANOSECONDS = 19

# ISO 8601, each part in its extended or its basic form. Python reads more: any character between
# date and time, so that 2026-11-28+03:00 would be 03:00 o'clock; and 03.5 as half a second past 3.
# The `+` of an offset arrives as a blank when a client did not write it as %2B in the URL.
DATE = r"\d{4}-\d\d-\d\d|\d{8}|\d{4}-W\d\d-\d|\d{4}W\d{3}"
TIME = r"\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?"
OFFSET = r"Z|[-+ ]\d\d(?::?\d\d)?"
ISO_8601 = re.compile(rf"(?:{DATE})(?:[T ]{TIME}(?P<offset>{OFFSET})?)?", re.ASCII | re.IGNORECASE)

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
    """An instant from a client: `instant` is aware, in UTC; `text` is the client's own spelling."""

    text: str
    instant: datetime
    # Microseconds in one unit of an integer; None for ISO 8601.
    unit: int | None = None
    naive: bool = False

    @property
    def minute(self) -> str:
        """The minute of the instant in the same format, seconds cut off."""
        start = minute_start(self.instant)
        if self.unit:
            return str((start - EPOCH) // timedelta(microseconds=1) // self.unit)
        if self.naive:
            return start.replace(tzinfo=None).isoformat(timespec="minutes")
        if self.text[-1] in "Zz":
            return start.replace(tzinfo=None).isoformat(timespec="minutes") + "Z"
        zone = datetime.fromisoformat(self.text.upper()).tzinfo
        return start.astimezone(zone).isoformat(timespec="minutes")

    def answer(self, instant: datetime | None) -> str | None:
        """Another instant, written for the client that asked for this one."""
        if instant is None:
            return None
        return naive_iso(instant) if self.naive else iso(instant)


def parse(text: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Asked:
    """Read an instant. Raises ValueError, with a sentence for the client, when it is invalid.

    Digits beyond the microsecond are cut off: no tick lies between. `clock` says what an integer
    may be: one that is years ahead of it is something else.
    """
    text = text.strip()
    try:
        if INTEGER.fullmatch(text):
            return parse_integer(text, clock)
        return parse_iso(text)
    except (ValueError, OverflowError) as error:
        why = str(error) if isinstance(error, Mistaken) else ""
        raise ValueError(f"{why} {WANTED}".lstrip()) from error


class Mistaken(ValueError):
    """An integer that probably means something else; the message says how to write it."""


def parse_integer(text: str, clock: Callable[[], datetime]) -> Asked:
    number = int(text)
    if abs(number) < MILLISECONDS_FROM:
        unit = 1_000_000
    elif abs(number) < MICROSECONDS_FROM:
        unit = 1_000
    else:
        unit = 1
    latest = max(clock(), WRITTEN) + AHEAD
    since = timedelta(microseconds=number * unit)
    if not EARLIEST - EPOCH <= since <= latest - EPOCH:
        raise Mistaken(meant(text, latest))
    return Asked(text, EPOCH + since, unit=unit)


def meant(text: str, latest: datetime) -> str:
    """What an integer was probably meant to be."""
    if len(text) == NANOSECONDS:
        return f"Epoch nanoseconds are not read: {text[:-3]} would be microseconds."
    if form := CALENDAR.get(len(text)):
        with contextlib.suppress(ValueError):
            date = datetime.strptime(text, form)  # noqa: DTZ007 - only to be written again
            spelled = date.date() if form == "%Y%m%d" else date.isoformat()
            return f"A date needs separators: {spelled}, not {text}."
    return (
        f"As an integer it must lie from {EARLIEST.date()} to {latest.date()}, in seconds, "
        "milliseconds or microseconds since 1970; ISO 8601 can name any instant."
    )


def parse_iso(text: str) -> Asked:
    found = ISO_8601.fullmatch(text)
    if found is None:
        raise ValueError("no ISO 8601")
    if (found["offset"] or "").startswith(" "):
        text = f"{text[: found.start('offset')]}+{text[found.start('offset') + 1 :]}"
    # RFC 3339 has the letters in either case, Python in one.
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        return Asked(text, moment.replace(tzinfo=UTC), naive=True)
    return Asked(text, moment.astimezone(UTC))
