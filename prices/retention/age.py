"""How long ticks are kept, as it is written: 90d, 12w."""

import re
from datetime import timedelta

UNITS = {"d": timedelta(days=1), "w": timedelta(weeks=1)}

# The change over 24 hours is told from ticks, and the newest may be some hours old when a feed was down.
LEAST = timedelta(days=2)

# Some two thousand years back there are no instants any more.
MOST = timedelta(days=365_000)


def parse(text: str) -> timedelta:
    """Raises ValueError with a sentence that says what is wanted."""
    found = re.fullmatch(r"([0-9]{1,6})([dw])", text.strip().lower())
    if found is None:
        raise ValueError("Must be a number of days or weeks, such as 90d or 12w.")
    age = int(found[1]) * UNITS[found[2]]
    if age < LEAST:
        raise ValueError("Must be 2d or more: the change over 24 hours is computed from ticks.")
    if age > MOST:
        raise ValueError("Must be 365000d or less.")
    return age
