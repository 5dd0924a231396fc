"""Reads the headers of a response that are about rate limits, whatever they contain."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def whole_number(text: str, most: int) -> int | None:
    """A whole number, at most `most`; None for any other text."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()):
        return None
    digits = digits.lstrip("0") or "0"
    # Python refuses to read some thousands of digits.
    return most if len(digits) > len(str(most)) else min(int(digits), most)


def retry_after_seconds(text: str, now: float, most: int) -> float | None:
    """Seconds to wait, from a number of seconds or a date; at most `most`.

    None when it is neither. `now` is in seconds since 1970.
    """
    seconds = whole_number(text, most)
    if seconds is not None:
        return seconds
    try:
        until = parsedate_to_datetime(text)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        left = (until - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, left), most)
