"""What a look at the tape finds: only what is suspicious travels from the database."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ..intervals import Span


class Suspect(NamedTuple):
    """A tick that does not join the ones before it, or makes no sense. `reach`: the id after all trades that those hold.

    `before` is the instant of the tick before it; both are None for the first.
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
        """The id after its trades. One that claims to have none is taken to hold the one that it is named after."""
        return self.first + max(self.trades, 1)


class Totals(NamedTuple):
    """Ticks in numbers: the first trade of the last one, and the id after all trades that they hold."""

    ticks: int
    trades: int
    last: int
    reach: int


class Stretch(NamedTuple):
    """Neighbouring ticks: in numbers, and those of them that are suspicious."""

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
    """Where ticks are kept from: the first raw trade id that pruning has left, and the instant of the first tick from there on."""

    first: int
    at: datetime


class Evidence(NamedTuple):
    """The lowest and the highest trade id that candles know of ticks that are gone; when the minute of the one began, and
    when that of the other ended."""

    first: int
    starts: datetime
    last: int
    ends: datetime


class Folded(NamedTuple):
    """A candle, or what should be one. What is not known is None."""

    first: int
    last: int
    trades: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal | None
    taker_buy_volume: Decimal | None
    taker_buy_quote_volume: Decimal | None


class Difference(NamedTuple):
    """A minute whose candle is not what its ticks make. `missing`: trades between the candle's ids that the ledger misses."""

    minute: datetime
    made: Folded | None
    kept: Folded | None
    missing: int
