"""The markets of Binance that a tape can belong to, by ccxt's names, and their known hosts."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit


class MarketUrls(NamedTuple):
    """The base URLs of a market's streams and of its REST API."""

    ws_url: str
    rest_url: str


MARKETS = {
    "binance": MarketUrls("wss://data-stream.binance.vision", "https://data-api.binance.vision"),
    "binanceus": MarketUrls("wss://stream.binance.us:9443", "https://api.binance.us"),
    "binance_testnet": MarketUrls(
        "wss://stream.testnet.binance.vision", "https://testnet.binance.vision"
    ),
}

# Known hosts, by what their names end in; the first match counts. The others trade the same
# symbols, at other prices and under other ids, and cannot be recorded.
HOSTS = [
    (re.compile(pattern), market)
    for pattern, market in (
        (r"(.+\.)?testnet\.binance\.vision", "binance_testnet"),
        (r"(.+\.)?binance\.us", "binanceus"),
        (r"(.+\.)?binance\.vision", "binance"),
        (r"(stream|stream-sbe|api|api-gcp|api\d)\.binance\.com", "binance"),
        (r"demo-[^.]+\.binance\.com", "Binance's demo mode"),
        (r"[fdepv](stream|api)(-[^.]+)?\.binance\.com", "Binance's derivatives"),
        (r"(.+\.)?binancefuture\.com", "Binance's derivatives"),
    )
]


def market_of(url: str) -> str | None:
    """The market of a URL's host; None when it is not known: a proxy, a local exchange."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return next((market for pattern, market in HOSTS if pattern.fullmatch(host)), None)
