"""The open gaps of the ledger, as repair reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

# All of this is about gaps where the tape is kept: those in pruned ranges stay open and are never
# repaired.

# The newest hour first, so that today's answers become complete before those of last month; within
# it the small gaps, which one page fills. These in order of time: then a page that was fetched for
# one fills its neighbours, too.
NEXT = """
SELECT
    gap.id, symbol.name AS symbol, gap.first_trade AS first, gap.last_trade AS last,
    gap.starts, gap.attempts
FROM prices_gap gap JOIN prices_symbol symbol ON symbol.id = gap.symbol_id
WHERE gap.status = 'open' AND gap.last_trade >= coalesce(symbol.kept_from, 0)
    AND symbol.name = ANY(%(symbols)s) AND gap.id <> ALL(%(resting)s)
    AND gap.last_trade - gap.first_trade < %(largest)s
ORDER BY
    date_trunc('hour', gap.ends) DESC, gap.last_trade - gap.first_trade >= %(page)s,
    gap.ends, gap.id
LIMIT 1
"""

LEFT = """
SELECT gap.id FROM prices_gap gap JOIN prices_symbol symbol ON symbol.id = gap.symbol_id
WHERE gap.status = 'open' AND gap.last_trade >= coalesce(symbol.kept_from, 0)
    AND symbol.name = %(symbol)s AND gap.last_trade >= %(first)s AND gap.first_trade <= %(last)s
"""

MISSING = """
SELECT gap.id, gap.last_trade - gap.first_trade + 1
FROM prices_gap gap JOIN prices_symbol symbol ON symbol.id = gap.symbol_id
WHERE gap.status = 'open' AND gap.last_trade >= coalesce(symbol.kept_from, 0)
    AND symbol.name = ANY(%(symbols)s)
"""


# And these are the others: no repair will ever request them.
PRUNED = """
SELECT count(*) FROM prices_gap gap JOIN prices_symbol symbol ON symbol.id = gap.symbol_id
WHERE gap.status = 'open' AND gap.last_trade < symbol.kept_from AND symbol.name = ANY(%(symbols)s)
"""

REASONS = """
SELECT
    symbol.name AS symbol, gap.first_trade AS first, gap.last_trade AS last,
    gap.attempts, gap.last_error
FROM prices_gap gap JOIN prices_symbol symbol ON symbol.id = gap.symbol_id
WHERE gap.status = 'open' AND gap.last_trade >= coalesce(symbol.kept_from, 0)
    AND symbol.name = ANY(%(symbols)s)
ORDER BY symbol.name, gap.first_trade LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Reason:
    """Why the trades `first` to `last` of a symbol are still missing, as far as that is known."""

    symbol: str
    first: int
    last: int
    attempts: int
    last_error: str | None


@dataclass(frozen=True)
class OpenGap:
    """Trades `first` to `last` of a symbol are missing; `starts` is the instant of the last
    tick before them.
    """

    id: int
    symbol: str
    first: int
    last: int
    starts: datetime
    attempts: int


@dataclass(frozen=True)
class Missing:
    """The gaps that are open where the tape is kept, and how many trades are missing in them."""

    gaps: set[int]
    trades: int


def next_gap(
    database: psycopg.Connection[Any],
    symbols: Sequence[str],
    resting: list[int],
    page: int,
    largest: int,
) -> OpenGap | None:
    """The open gap that is most useful to repair now.

    `page` is how many trades one page is sure to hold; `largest`, of how many a gap may be.
    """
    chosen = {"symbols": list(symbols), "resting": resting, "page": page, "largest": largest}
    with database.cursor(row_factory=class_row(OpenGap)) as cursor:
        return cursor.execute(NEXT, chosen).fetchone()


def left_of(database: psycopg.Connection[Any], gap: OpenGap) -> list[int]:
    """The ids of the gaps that are still open in the range of this one."""
    where = {"symbol": gap.symbol, "first": gap.first, "last": gap.last}
    return [id for (id,) in database.execute(LEFT, where).fetchall()]


def missing(database: psycopg.Connection[Any], symbols: Sequence[str]) -> Missing:
    found = database.execute(MISSING, {"symbols": list(symbols)}).fetchall()
    return Missing({gap for gap, _ in found}, sum(trades for _, trades in found))


def pruned(database: psycopg.Connection[Any], symbols: Sequence[str]) -> int:
    """How many gaps are open where the tape was pruned."""
    ((found,),) = database.execute(PRUNED, {"symbols": list(symbols)}).fetchall()
    return int(found)


def reasons(database: psycopg.Connection[Any], symbols: Sequence[str], limit: int) -> list[Reason]:
    """Some of the gaps that are open where the tape is kept, and why, in order."""
    with database.cursor(row_factory=class_row(Reason)) as cursor:
        return cursor.execute(REASONS, {"symbols": list(symbols), "limit": limit}).fetchall()
