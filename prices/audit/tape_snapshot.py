"""Queries about one symbol that all see the tape as it was at one instant."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, LiteralString

from ..patience import patiently
from ..recording.tape import Tape

# In a snapshot, what a recorder stores meanwhile is seen as a whole or not at all. Sorting is off
# so that PostgreSQL reads by the key even where rows are scattered: a sort would go through files.
SNAPSHOT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL enable_sort = off;
SET LOCAL plan_cache_mode = force_custom_plan;
"""

# The locks that reading takes anyway. They come first, so that the snapshot, which the first query
# takes, is not older by the wait.
LOCK = """
LOCK TABLE prices_symbol, prices_price, prices_candle, prices_coarsecandle, prices_gap
IN ACCESS SHARE MODE
"""


class TapeSnapshot:
    """Ask within `snapshot()`. `symbol` is the number of the symbol in the database."""

    def __init__(self, tape: Tape, name: str) -> None:
        self.database = tape.database
        self.symbol = tape.numbers[name]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Queries inside see the tape as it was at one instant.

        Waits, and logs that it waits, while others hold locks on the tables.
        """
        with patiently(self.database, "read the tape", self._begin):
            yield

    def _begin(self) -> ExitStack:
        with ExitStack() as stack:
            stack.enter_context(self.database.transaction())
            self.database.execute(SNAPSHOT)
            self.database.execute(LOCK)
            return stack.pop_all()

    def ask(self, sql: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a statement, which gets the symbol's number as a parameter as well."""
        # Never prepared: a generic plan would not know how many rows the bounds select.
        found = self.database.execute(sql, {"symbol": self.symbol, **parameters}, prepare=False)
        return found.fetchall()
