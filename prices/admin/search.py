"""The search box of the admin."""

from datetime import datetime

from ..formats.instants import parse
from ..models import Symbol


def understand(search: str) -> tuple[Symbol | None, datetime | None]:
    """A recorded symbol, an instant in any format of the API, or both.

    Raises ValueError with a sentence when it is neither.
    """
    if not search.strip():
        return None, None
    recorded = {symbol.name: symbol for symbol in Symbol.objects.all()}
    words = search.split()
    symbols = [recorded[word.upper()] for word in words if word.upper() in recorded]
    if len(symbols) > 1:
        raise ValueError("Search for one symbol at a time.")
    # A date and a time with a space between them are one instant.
    rest = " ".join(word for word in words if word.upper() not in recorded)
    try:
        instant = parse(rest).instant if rest else None
    except ValueError:
        names = ", ".join(recorded) or "none yet"
        raise ValueError(
            f"“{rest}” is neither a recorded symbol ({names}) "
            "nor an instant such as 2025-07-03T08:30:36."
        ) from None
    return next(iter(symbols), None), instant
