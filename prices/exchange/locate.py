"""Finds a gap in the exchange's history: by time first, then by id.

Also tells which trade ids a page proves void.
"""

from itertools import pairwise
from typing import Protocol

from .agg_trades import Page

# One MARGIN-th of a page is requested from before the place found by time: trade times were seen to
# step back by some milliseconds.
MARGIN = 10

# Maximum number of places that are tried, each ten times as far back as the one before: with pages
# of 1,000 rows, some ten million trades.
STEPS_BACK = 6

MILLISECOND = 1000  # microseconds


class Pages(Protocol):
    """The past of one symbol, `rows` per page."""

    rows: int

    def since(self, time: int) -> Page: ...
    def onward(self, number: int) -> Page: ...


def page_before(pages: Pages, first: int, starts: int) -> Page:
    """A page that begins before trade id `first`, or as close after it as the exchange's history
    goes back.

    starts: the instant of the last tick before it, in microseconds since 1970.

    Searching by time finds only the neighbourhood, because REST omits rows with earlier times
    wherever they are. So the page itself is requested by id. An empty page: the exchange has
    nothing from that instant on. Raises what `Rest.get` raises.
    """
    # The whole millisecond: the tape may have the tick in another unit.
    page = pages.since(starts // MILLISECOND * MILLISECOND)
    if not page.rows:
        return page
    found = page.rows[0].number
    back = max(1, pages.rows // MARGIN)
    for _ in range(STEPS_BACK):
        number = max(0, found - back)
        page = pages.onward(number)
        begins_before = page.first is not None and page.first < first
        # A page that begins later proves nothing: the exchange omits some rows, perhaps the one
        # that was requested.
        if begins_before or not page.rows or number == 0:
            break
        back *= 10
    return page


def void(page: Page) -> list[tuple[int, int]]:
    """The void trade ids that a page proves: first and last of each range.

    Aggregate ids are consecutive, like the trade ids in them. Where two aggregates have consecutive
    ids but their trade ids are not, the ids between were never used. Next to a tombstone, or an
    aggregate id that is used twice, the exchange has renumbered its history: that proves nothing.
    """
    if page.nonsense is not None:
        return []
    return [
        (row.last + 1, after.first - 1)
        for row, after in pairwise(page.rows)
        if after.number == row.number + 1
        and not row.is_tombstone
        and not after.is_tombstone
        and after.first > row.last + 1
    ]
