"""The markets of Binance that a tape can be of, by ccxt's names, and whose hosts are known."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit


class Market(NamedTuple):
    """Where a market streams, and where its REST API answers: base URLs."""

    ws_url: str
    rest_url: str


MARKETS = {
    "binance": Market("wss://data-stream.binance.vision", "https://data-api.binance.vision"),
    "binanceus": Market("wss://stream.binance.us:9443", "https://api.binance.us"),
    "binance_testnet": Market(
        "wss://stream.testnet.binance.vision", "https://testnet.binance.vision"
    ),
}

# Hosts that are known, by what their names end in; the first that fits counts. The others trade the
# same symbols, at other prices and under other ids, and no tape can be of them.
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
    """Whose host a URL names; None when it is not known: a proxy, a local exchange."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return next((market for pattern, market in HOSTS if pattern.fullmatch(host)), None)
