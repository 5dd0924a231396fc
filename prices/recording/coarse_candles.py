"""Keeps the coarse candles equal to their minutes, in the transaction that changes the minutes.

Only those of closed intervals are stored. So a batch that lies within the running interval, which
nearly every one does, costs nothing here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg

from ..candle_intervals import KEPT
from ..intervals import Span, joined
from ..sql import statement
from .batch import Stretch, array

KEEP = statement("write/keep_coarse")

MICROSECONDS_PER_MINUTE = 60_000_000

# The shortest coarse candle: what lies within one of it lies within one of all others.
FINEST = KEPT[0][0]


def keep_after(
    database: psycopg.Connection[Any],
    pieces: Iterable[Stretch],
    running: Mapping[int, int | None],
) -> None:
    """Make what stored ticks have closed or changed.

    pieces: the ticks, whose minutes were folded.
    running: the newest minute of each symbol before that, as a number; None when there was none.
    """
    touched: dict[int, set[Span]] = defaultdict(set)
    for piece in pieces:
        first, last = (
            time // MICROSECONDS_PER_MINUTE // FINEST * FINEST
            for time in (piece.earliest, piece.latest)
        )
        newest = running[piece.symbol]
        if newest is None or first != last or newest // FINEST * FINEST != last:
            touched[piece.symbol].add((first, last))
    keep(database, touched, running)


def keep(
    database: psycopg.Connection[Any],
    touched: Mapping[int, Iterable[Span]],
    running: Mapping[int, int | None] | None = None,
) -> int:
    """Make the coarse candles of closed intervals again in which minutes were changed.

    touched: the first and the last of such minutes, as numbers since 1970, by symbol number.
    running: as above, where it is known: a width of which only the running one was touched is left
    alone.
    Returns how many coarse candles were changed, created or deleted.
    """
    changed = 0
    for width, source in KEPT:
        ranges = {
            number: joined((first // width, last // width) for first, last in spans)
            for number, spans in touched.items()
        }
        if running is not None:
            ranges = {
                number: spans
                for number, spans in ranges.items()
                if (newest := running[number]) is None
                or spans != [(newest // width, newest // width)]
            }
        if not ranges:
            break
        rows = [(number, *span) for number, spans in ranges.items() for span in spans]
        wanted = {
            "numbers": array(ranges),
            "width": width,
            "source": source,
            "symbol": array(number for number, *_ in rows),
            "starts": array(first * width for _, first, _ in rows),
            "stops": array((last + 1) * width for *_, last in rows),
        }
        # Never prepared: a generic plan would not know how few rows the bounds select.
        ((count,),) = database.execute(KEEP, wanted, prepare=False).fetchall()
        changed += count
    return changed
