"""Which trades of the exchange lie between two instants: by time first, then by id."""

from datetime import datetime
from typing import NamedTuple

from ..exchange.agg_trades import AggTradeRow, AggTrades, Page
from ..exchange.rest import Rest
from ..exchange.rest_errors import Unanswered
from ..minutes import EPOCH, MICROSECOND
from .beginning import is_first


class Range(NamedTuple):
    """Trades `first` to `last`, in the aggregates with numbers from `begins` to before `ends`.

    is_beginning: nothing of the range comes before them, as the exchange proves.
    """

    first: int
    last: int
    begins: int
    ends: int
    is_beginning: bool


def locate(rest: Rest, trades: AggTrades, start: datetime, end: datetime | None) -> Range | None:
    """The trades made from `start` to before `end`, None: to the newest. None without any.

    Where trade times step back by a little, the range begins and ends with the first trade that is
    not earlier. Raises what `Rest.get` raises.
    """
    begins = first_row(trades.since(micros(start)))
    ends = first_row(trades.since(micros(end))) if end is not None else None
    if begins is None:
        return None
    # A number may be used twice: half a page of them fits into one.
    nearest = ends or first_row(trades.newest()) or begins
    ending = sound(trades.onward(max(begins.number, nearest.number - trades.rows // 2)))
    # The row before: only beside it is the first row proven to be the first.
    beginning = sound(trades.onward(max(0, begins.number - 1)))
    firsts = [row.first for row in kept(beginning) if order(row) >= order(begins)]
    lasts = [row.last for row in kept(ending) if ends is None or order(row) < order(ends)]
    if not firsts or not lasts or max(lasts) < min(firsts):
        return None
    is_beginning = (
        begins.number == 0
        or any(row.number < begins.number for row in beginning.rows)
        or is_first(rest, trades, micros(start), begins)
    )
    return Range(min(firsts), max(lasts), begins.number, nearest.number + 1, is_beginning)


def first_row(page: Page) -> AggTradeRow | None:
    rows = sound(page).rows
    return rows[0] if rows else None


def sound(page: Page) -> Page:
    """The page, if each of its rows is valid: nothing else tells where a range begins or ends."""
    if page.nonsense is not None:
        raise Unanswered(f"The exchange sent an invalid trade: {page.nonsense}")
    return page


def order(row: AggTradeRow) -> tuple[int, int]:
    """The place of a row in the exchange's history."""
    return row.number, row.first


def kept(page: Page) -> list[AggTradeRow]:
    """The rows of a page that are trades."""
    return [row for row in page.rows if not row.is_tombstone]


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND
