"""The rows that a scan of the tape returns: totals, and only those ticks that look wrong."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ..folded_candle import FoldedCandle
from ..intervals import Span


class Suspect(NamedTuple):
    """A tick that does not join the ones before it, or whose values are impossible.

    reach: the trade id that should have come next; None for the first tick.
    before: the instant of the tick before it; None for the first tick.
    """

    first: int
    traded: datetime
    trades: int
    price: Decimal
    quantity: Decimal
    reach: int | None
    before: datetime | None

    @property
    def after(self) -> int:
        """The trade id after its last one.

        A tick counts as at least one trade, even if it says that it has none.
        """
        return self.first + max(self.trades, 1)


class Totals(NamedTuple):
    """Sums over some ticks.

    last: the first trade id of the last tick.
    reach: the id after the last trade in any of them.
    """

    ticks: int
    trades: int
    last: int
    reach: int


class ScannedTicks(NamedTuple):
    """Consecutive rows of ticks: their totals, and those of them that are suspicious."""

    totals: Totals
    suspects: list[Suspect]


class LedgerRow(NamedTuple):
    """A row of the gap ledger that is open or void."""

    id: int
    first: int
    last: int
    starts: datetime
    ends: datetime
    status: str

    @property
    def span(self) -> Span:
        return self.first, self.last


class KeptFrom(NamedTuple):
    """Where pruning has stopped.

    first: the first trade id that is kept.
    at: the instant of the first tick that is kept.
    """

    first: int
    at: datetime


class Evidence(NamedTuple):
    """Trades that candles count outside the ticks that are there.

    first, starts: the lowest of their ids, and when its minute began.
    last, ends: the highest of their ids, and when its minute ended.
    """

    first: int
    starts: datetime
    last: int
    ends: datetime


class Difference(NamedTuple):
    """A minute whose candle differs from what its ticks make.

    made: computed from the ticks; None when there are none.
    kept: the stored candle; None when there is none.
    missing: how many trades between the candle's ids are in open gaps.
    """

    minute: datetime
    made: FoldedCandle | None
    kept: FoldedCandle | None
    missing: int
