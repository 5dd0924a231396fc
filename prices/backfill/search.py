"""Where in the exchange's history a gap lies: found by time, then by id. And what a page proves about ids without a trade."""

from itertools import pairwise
from typing import Protocol

from ..exchange.aggregates import Page

# Pages that are asked for at most in going back: each step is twice as long as the one before. Times were seen to run
# backwards by some milliseconds, which is a page or two; more than half a million trades it never is.
STEPS_BACK = 9

MILLISECOND = 1000  # microseconds


class Pages(Protocol):
    """The past of one symbol, `rows` to a page."""

    rows: int

    def since(self, time: int) -> Page: ...
    def onward(self, number: int) -> Page: ...


def page_before(pages: Pages, first: int, starts: int) -> Page:
    """A page that begins at or before a raw trade id; or later, when the exchange no longer goes back that far.

    `starts`, in microseconds since 1970, is the instant of the last tick before it: by time one finds the way, not the
    order, since times were seen to step back from one trade to the next. So when the page begins too late after all, one goes
    back by id, and when aggregates are left out of it, it is asked for by id. An empty page: nothing is kept from that instant on.
    """
    # The whole millisecond: the tape may know the tick in another unit.
    page = pages.since(starts // MILLISECOND * MILLISECOND)
    step = pages.rows
    if not page.is_whole:
        page = pages.onward(page.rows[0].number)
    for _ in range(STEPS_BACK):
        if not page.rows or (page.first is not None and page.first <= first):
            break
        earlier = pages.onward(max(0, page.rows[0].number - step))
        if not earlier.rows or earlier.rows[0].number >= page.rows[0].number:
            break
        page = earlier
        step *= 2
    return page


def void(page: Page) -> list[tuple[int, int]]:
    """Raw trade ids that no trade bears, first and last of each stretch, as far as a page proves it.

    Aggregate ids count up without a hole, like the trade ids in them. Where two aggregates follow each other at once, or with
    nothing but tombstones between them, while their trade ids do not, the ids between were never given to a trade.
    """
    if page.nonsense is not None:
        return []
    stretches = []
    before = None
    for row, after in pairwise(page.rows):
        if after.number - row.number > 1:
            # An aggregate is left out, and may hold whatever is missing.
            before = None
        elif not row.is_tombstone:
            before = row
        if before is not None and not after.is_tombstone and after.first > before.last + 1:
            stretches.append((before.last + 1, after.first - 1))
    return stretches
