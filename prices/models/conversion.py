"""Prices in another quote asset: of one recorded symbol, or of two with an asset in between."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from ..coverage import worst
from .listing import Listing
from .price_at import PriceAt, Question
from .symbol import Symbol

# Significant digits of a converted price; the last one is rounded half to even. Products of two
# prices have 36 at most, and are rounded as quotients are.
DIGITS = 28
CONTEXT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)

# Digits of the product of two prices.
EXACT = Context(prec=2 * 18)

# Ways that are tried for one price, so that a request costs a bounded number of look-ups.
WAYS = 3

# What a symbol without a listing is quoted in: the longest of these that its name ends with.
QUOTES = ("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL")


class Pair(NamedTuple):
    """A recorded symbol, and the two assets that it is about."""

    symbol: str
    base: str
    quote: str


class Leg(NamedTuple):
    """A symbol on the way. `inverse`: one divided by its price counts."""

    symbol: str
    inverse: bool


Way = tuple[Leg, ...]


class Converted(NamedTuple):
    """What came of a way: the answer, and that of each leg."""

    answer: PriceAt
    legs: list[tuple[Leg, PriceAt]]


class Market:
    """The recorded pairs, and the ways from one asset to another."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._pairs = {pair.symbol: pair for pair in pairs}
        # By the two assets: one unit of the first, expressed in the second.
        self._legs: dict[tuple[str, str], Leg] = {}
        for pair in sorted(self._pairs.values(), reverse=True):
            self._legs.setdefault((pair.quote, pair.base), Leg(pair.symbol, inverse=True))
        for pair in sorted(self._pairs.values()):
            self._legs[pair.base, pair.quote] = Leg(pair.symbol, inverse=False)
        self._assets = sorted({asset for legs in self._legs for asset in legs})

    def ways(self, name: str, quote: str) -> Sequence[Way]:
        """From what a name stands for to the quote asset; the direct way alone if there is one.

        The name is an asset, or a symbol, recorded or not, whose base asset is meant.
        """
        pair = self._pairs.get(name)
        asset = self._asset(name, quote) if pair is None else pair.base
        if (asset, quote) in self._legs:
            return [(self._legs[asset, quote],)]
        # The asset that a recorded symbol is quoted in comes first.
        between = sorted(self._assets, key=lambda each: pair is None or each != pair.quote)
        return [
            (self._legs[asset, each], self._legs[each, quote])
            for each in between
            if (asset, each) in self._legs and (each, quote) in self._legs
        ][:WAYS]

    def _asset(self, name: str, quote: str) -> str:
        base = name.removesuffix(quote)
        return base if name not in self._assets and base in self._assets else name


def market() -> Market:
    """Of all recorded symbols: their assets as the exchange lists them, else by their names."""
    bodies = dict(Listing.objects.values_list("symbol__name", "body"))
    pairs = (pair(name, bodies.get(name, {})) for name in Symbol.objects.names())
    return Market(filter(None, pairs))


def pair(symbol: str, body: dict[str, str]) -> Pair | None:
    if "baseAsset" in body and "quoteAsset" in body:
        return Pair(symbol, body["baseAsset"].upper(), body["quoteAsset"].upper())
    for quote in sorted(QUOTES, key=len, reverse=True):
        if symbol.endswith(quote) and symbol != quote:
            return Pair(symbol, symbol.removesuffix(quote), quote)
    return None


def questions(ways: Iterable[Way], instant: datetime) -> Iterator[Question]:
    return (Question(leg.symbol, instant) for way in ways for leg in way)


def convert(way: Way, answers: Sequence[PriceAt]) -> Converted | None:
    """The answers of the legs as one; None when one of them has no price."""
    if any(not answer.price for answer in answers):
        return None
    above, below = Decimal(1), Decimal(1)
    for leg, answer in zip(way, answers, strict=True):
        # Of 18 digits at most each: EXACT holds every product.
        price = answer.price or Decimal(1)
        if leg.inverse:
            below = EXACT.multiply(below, price)
        else:
            above = EXACT.multiply(above, price)
    price = CONTEXT.divide(above, below)
    oldest = max(answers, key=lambda answer: answer.age or timedelta())
    verdict = worst(answer.verdict for answer in answers)
    trade = oldest.trade if len(way) == 1 else None
    answer = PriceAt(price, oldest.timestamp, trade, oldest.age, verdict)
    return Converted(answer, list(zip(way, answers, strict=True)))
