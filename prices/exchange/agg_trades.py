"""Past aggTrades from REST, one page at a time: by time or by aggregate id."""

from dataclasses import dataclass

import msgspec
from msgspec import Struct, field

from .messages import AggTrade, BadFrame, checked
from .rest import Rest
from .rest_errors import NO_JSON, Unanswered

# Request weight of a page, and rows in it at most.
WEIGHT = 4
ROWS = 1000


# Characters of a row that an error shows.
SHOWN = 200


class AggTradeRow(Struct, frozen=True, gc=False):
    """A row as received. Withdrawn ones are tombstones: no price, no quantity, trade ids of -1."""

    number: int = field(name="a")
    price: str = field(name="p")
    quantity: str = field(name="q")
    first: int = field(name="f")
    last: int = field(name="l")
    traded: int = field(name="T")
    is_buyer_maker: bool | None = field(name="m", default=None)

    @property
    def is_tombstone(self) -> bool:
        return self.first < 0

    def tick(self, symbol: str) -> AggTrade:
        """Raises BadFrame or msgspec.ValidationError when the row is invalid."""
        row = {
            "e": "aggTrade",
            "s": symbol,
            "p": self.price,
            "q": self.quantity,
            "f": self.first,
            "l": self.last,
            "T": self.traded,
            # REST does not say when the stream sent it.
            "E": self.traded,
            "m": self.is_buyer_maker,
        }
        return checked(msgspec.convert(row, AggTrade))


decode_row = msgspec.json.Decoder(AggTradeRow).decode


@dataclass(frozen=True)
class Page:
    """Rows in the order of their aggregate ids, tombstones included; `full` when more may follow.

    `ticks` are the rows that are trades, in the same order; `nonsense` says what is wrong with a
    row that is neither a trade nor a tombstone.
    """

    rows: list[AggTradeRow]
    ticks: list[AggTrade]
    full: bool
    nonsense: str | None = None

    @property
    def first(self) -> int | None:
        """The first trade id on the page; None when there is none."""
        return self.ticks[0].first if self.ticks else None

    @property
    def last(self) -> int:
        """The last trade id on the page; -1 when there is none."""
        return max((tick.last for tick in self.ticks), default=-1)


class AggTrades:
    """The aggTrades of one symbol, `rows` per page. Every method raises what `Rest.get` raises."""

    def __init__(self, rest: Rest, symbol: str, rows: int = ROWS) -> None:
        self._rest = rest
        self.symbol = symbol
        self.rows = rows

    def since(self, time: int) -> Page:
        """The page that begins at or after an instant, in microseconds since 1970."""
        return self._page(1, startTime=time)

    def onward(self, number: int) -> Page:
        """The page from an aggregate id on, or from the oldest one that Binance still has."""
        return self._page(self.rows, fromId=number)

    def newest(self) -> Page:
        """The newest page."""
        return self._page(1)

    def _page(self, limit: int, **bounds: int) -> Page:
        body = self._rest.get("aggTrades", WEIGHT, symbol=self.symbol, limit=limit, **bounds)
        try:
            rows = msgspec.json.decode(body, type=list[msgspec.Raw])
        except NO_JSON as error:
            raise Unanswered(f"The exchange sent an invalid page of trades: {error}.") from error
        return read(rows, self.symbol, limit)


def read(found: list[msgspec.Raw], symbol: str, limit: int) -> Page:
    rows, ticks, nonsense = [], [], None
    for raw in found:
        try:
            row = decode_row(raw)
            tick = None if row.is_tombstone else row.tick(symbol)
        except (*NO_JSON, BadFrame) as error:
            nonsense = f"{bytes(raw)[:SHOWN]!r} is invalid: {error}"
            continue
        rows.append(row)
        if tick is not None:
            ticks.append(tick)
    # An aggregate id was seen to be used twice: the trade ids settle the order.
    rows.sort(key=lambda row: (row.number, row.first))
    ticks.sort(key=lambda tick: tick.first)
    return Page(rows, ticks, len(found) >= limit, nonsense)
