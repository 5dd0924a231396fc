"""Plans of PostgreSQL, as EXPLAIN gives them in JSON."""

from collections.abc import Iterator
from typing import Any

# `random_page_cost` of the private server, and as PostgreSQL comes: the higher it is, the sooner a
# plan reads a whole table.
PAGE_COSTS = (1.1, 4)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan, and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
