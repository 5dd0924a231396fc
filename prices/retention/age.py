"""How long ticks are kept, as users write it: 90d, 12w."""

import re
from datetime import timedelta

UNITS = {"d": timedelta(days=1), "w": timedelta(weeks=1)}

# The change over 24 hours is computed from ticks, and the newest tick may be hours old after an
# outage.
LEAST = timedelta(days=2)

# A datetime cannot be much earlier than two thousand years ago.
MOST = timedelta(days=365_000)


def parse(text: str) -> timedelta:
    """A positive age. Raises ValueError, with a sentence for the user, when it is invalid."""
    found = re.fullmatch(r"([0-9]{1,6})([dw])", text.strip().lower())
    if found is None:
        raise ValueError("Must be a number of days or weeks, such as 90d or 12w.")
    age = int(found[1]) * UNITS[found[2]]
    if age < LEAST:
        raise ValueError("Must be 2d or more: the change over 24 hours is computed from ticks.")
    if age > MOST:
        raise ValueError("Must be 365000d or less.")
    return age
