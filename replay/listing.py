"""The exchange's list of symbols: exchangeInfo."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .ledger import Market
from .limits import Limits
from .recording import Recording

# What symbols are quoted in. The text of a symbol does not say where it splits: the real exchange
# knows, this list guesses.
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY")
PRECISION = 8  # decimals, of everything


def exchange_info(
    markets: Iterable[Market], statuses: Mapping[str, str], server_time: int, limits: Limits
) -> dict[str, Any]:
    """`statuses`: of the symbols that do not have the status TRADING."""
    return {
        "timezone": "UTC",
        "serverTime": server_time,
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", 1, limits.weight),
            _rate_limit("RAW_REQUESTS", 5, 300_000),
        ],
        "exchangeFilters": [],
        "symbols": [_symbol(market, statuses.get(market.symbol, "TRADING")) for market in markets],
    }


def _rate_limit(kind: str, minutes: int, limit: int) -> dict[str, Any]:
    return {
        "rateLimitType": kind,
        "interval": "MINUTE",
        "intervalNum": minutes,
        "limit": limit,
    }


def _symbol(market: Market, status: str) -> dict[str, Any]:
    base, quote = _split(market.symbol)
    tick_size, step_size = _steps(market.recording)
    return {
        "symbol": market.symbol,
        "status": status,
        "baseAsset": base,
        "baseAssetPrecision": PRECISION,
        "quoteAsset": quote,
        "quotePrecision": PRECISION,
        "quoteAssetPrecision": PRECISION,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick_size,
                "maxPrice": "1000000.00000000",
                "tickSize": tick_size,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": step_size,
                "maxQty": "9000000000.00000000",
                "stepSize": step_size,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _split(symbol: str) -> tuple[str, str]:
    for quote in QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol.removesuffix(quote), quote
    return symbol, ""


@lru_cache  # a big recording takes seconds to look through
def _steps(recording: Recording) -> tuple[str, str]:
    return _step(recording.prices), _step(recording.quantities)


def _step(numbers: Iterable[str]) -> str:
    """The smallest step between these numbers, by the decimals that they use."""
    decimals = max(len(number.rstrip("0").partition(".")[2]) for number in numbers)
    return f"{10**-decimals:.{PRECISION}f}"
