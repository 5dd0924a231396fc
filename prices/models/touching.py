"""The gaps that touch an answer, as its statement returns them."""

import json
from collections.abc import Iterable
from datetime import datetime

from ..coverage import TouchingGap


def touching(gaps: Iterable[str]) -> tuple[TouchingGap, ...]:
    """From an array of JSON, which Django leaves as text in raw SQL."""
    return tuple(
        TouchingGap(
            starts=datetime.fromisoformat(gap["starts"]),
            ends=datetime.fromisoformat(gap["ends"]),
            status=gap["status"],
        )
        for gap in map(json.loads, gaps)
    )
