"""Where in the exchange's history a gap lies, and what a page proves about ids without a trade.

A gap is located by time, then by id.
"""

from itertools import pairwise
from typing import Protocol

from .agg_trades import Page

# The part of a page that is requested from before the place that was found by time: times were seen
# to step back by some milliseconds from one trade to the next.
MARGIN = 10

# Maximum number of places that are tried, each ten times as far back as the previous one: with
# pages of 1,000 some ten million trades.
STEPS_BACK = 6

MILLISECOND = 1000  # microseconds


class Pages(Protocol):
    """The past of one symbol, `rows` per page."""

    rows: int

    def since(self, time: int) -> Page: ...
    def onward(self, number: int) -> Page: ...


def page_before(pages: Pages, first: int, starts: int) -> Page:
    """A page that begins before a trade id, or as soon after it as the exchange's history is seen
    to go back.

    `starts`, in microseconds since 1970, is the instant of the last tick before it. Searching by
    time only finds the neighbourhood: a row with an earlier time is omitted, wherever it is. So the
    page itself is requested by id. An empty page: the exchange has nothing from that instant on.
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
        # A page that begins later than at this number proves nothing: the exchange leaves out some
        # rows, and perhaps the very one that was asked for.
        if begins_before or not page.rows or number == 0:
            break
        back *= 10
    return page


def void(page: Page) -> list[tuple[int, int]]:
    """Trade ids that no trade has, first and last of each stretch, as far as a page proves it.

    Aggregate ids count up without a gap, like the trade ids in them. Where two aggregates have
    consecutive ids, while their trade ids are not consecutive, the ids between were never given to
    a trade. Next to a tombstone, or an aggregate id that is used twice, the exchange has renumbered
    its history: there nothing is proven.
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
