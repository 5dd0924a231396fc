"""Candles of the ledger, as REST returns them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise

from .ledger import Market
from .recording import Recording

SECOND = 1_000_000  # µs
INTERVALS = {
    "1s": SECOND,
    **{f"{minutes}m": minutes * 60 * SECOND for minutes in (1, 3, 5, 15, 30)},
    **{f"{hours}h": hours * 3600 * SECOND for hours in (1, 2, 4, 6, 8, 12)},
    "1d": 24 * 3600 * SECOND,
}
# Prices and quantities have eight decimals each: as integers they count units of 1e-8, and their
# products units of 1e-16.
UNIT = 10**8
# Trades are folded in blocks, which are cached: candles of any length share them, and so do the
# cycles of a looped ledger.
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Candle:
    """Exact, in integers: prices and quantities in units of 1e-8, quote volumes in 1e-16."""

    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    quote: int = 0
    trades: int = 0
    taker_volume: int = 0  # bought by the taker
    taker_quote: int = 0

    def then(self, later: "Candle") -> "Candle":
        return Candle(
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            later.close,
            self.volume + later.volume,
            self.quote + later.quote,
            self.trades + later.trades,
            self.taker_volume + later.taker_volume,
            self.taker_quote + later.taker_quote,
        )


def candles(market: Market, first: int, last: int, length: int, now: int) -> Iterator[list[object]]:
    """The rows of the candles that open from `first` to `last`; all times and `length` in µs."""
    for opens in range(first, last + 1, length):
        start = market.count_before(opens)
        stop = market.count_until(min(opens + length - 1, now))
        yield _row(opens, opens + length - 1, _candle(market, start, stop))


def _candle(market: Market, start: int, stop: int) -> Candle:
    if start == stop:
        # Nobody traded: the price stays at that of the last trade.
        (before,) = market.runs(start - 1, start)
        close = _fold(market.recording, before.start, before.stop).close
        return Candle(close, close, close, close)
    return reduce(Candle.then, _pieces(market, start, stop))


def _pieces(market: Market, start: int, stop: int) -> Iterator[Candle]:
    for run in market.runs(start, stop):
        cuts = [*range((run.start // BLOCK + 1) * BLOCK, run.stop, BLOCK), run.stop]
        for first, end in pairwise([run.start, *cuts]):
            yield _fold(market.recording, first, end)


@lru_cache(maxsize=1 << 15)  # enough for ten million ticks
def _fold(rec: Recording, start: int, stop: int) -> Candle:
    prices = [units(price) for price in rec.prices[start:stop]]
    quantities = [units(quantity) for quantity in rec.quantities[start:stop]]
    quotes = [price * quantity for price, quantity in zip(prices, quantities, strict=True)]
    by_taker = [not flags & 1 for flags in rec.flags[start:stop]]
    return Candle(
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(quantities),
        sum(quotes),
        sum(rec.last_ids[start:stop]) - sum(rec.first_ids[start:stop]) + stop - start,
        sum(quantity for quantity, bought in zip(quantities, by_taker, strict=True) if bought),
        sum(quote for quote, bought in zip(quotes, by_taker, strict=True) if bought),
    )


def units(number: str) -> int:
    """A number from the ledger, with all eight decimals, in units of 1e-8."""
    return int(number.replace(".", ""))


def _row(opens: int, closes: int, candle: Candle) -> list[object]:
    return [
        opens,
        decimal(candle.open),
        decimal(candle.high),
        decimal(candle.low),
        decimal(candle.close),
        decimal(candle.volume),
        closes,
        decimal(candle.quote // UNIT),
        candle.trades,
        decimal(candle.taker_volume),
        decimal(candle.taker_quote // UNIT),
        "0",
    ]


def decimal(count: int) -> str:
    """A number of units of 1e-8, as the exchange writes it."""
    whole, rest = divmod(count, UNIT)
    return f"{whole}.{rest:08d}"
