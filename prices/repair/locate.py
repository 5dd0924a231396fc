"""Where in the exchange's history a gap lies: found by time, then by id. And what a page proves about ids without a trade."""

from itertools import pairwise
from typing import Protocol

from ..exchange.agg_trades import Page

# Of a page the part that is asked for from before the place that was found by time: times were seen to step back by
# some milliseconds from one trade to the next.
MARGIN = 10

# Places that are tried at most, each ten times as far back as the one before: with pages of 1,000 some ten million trades.
STEPS_BACK = 6

MILLISECOND = 1000  # microseconds


class Pages(Protocol):
    """The past of one symbol, `rows` to a page."""

    rows: int

    def since(self, time: int) -> Page: ...
    def onward(self, number: int) -> Page: ...


def page_before(pages: Pages, first: int, starts: int) -> Page:
    """A page that begins before a raw trade id; or as soon after it as the exchange goes back.

    `starts`, in microseconds since 1970, is the instant of the last tick before it. By time one finds the way only: what is
    told to be earlier is left out, wherever it stands. So the page itself is asked for by id. An empty one: nothing is kept
    from that instant on.
    """
    # The whole millisecond: the tape may know the tick in another unit.
    page = pages.since(starts // MILLISECOND * MILLISECOND)
    if not page.rows:
        return page
    found = page.rows[0].number
    back = max(1, pages.rows // MARGIN)
    for _ in range(STEPS_BACK):
        number = max(0, found - back)
        page = pages.onward(number)
        begins_before = page.first is not None and page.first < first
        if begins_before or not page.rows or page.rows[0].number > number:
            break
        back *= 10
    return page


def void(page: Page) -> list[tuple[int, int]]:
    """Raw trade ids that no trade bears, first and last of each stretch, as far as a page proves it.

    AggTradeRow ids count up without a hole, like the trade ids in them. Where two aggregates follow each other at once, while
    their trade ids do not, the ids between were never given to a trade. Beside a tombstone, or an aggregate id that is used
    twice, the exchange has renumbered its past: there nothing is proven.
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
