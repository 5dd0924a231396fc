"""Which symbols the exchange lists, asked over REST."""

import difflib
import json
import ssl
from collections.abc import Sequence

import msgspec
import truststore
import urllib3

# Seconds. Inside the exchange an answer may take 10.
TIMEOUT = urllib3.Timeout(connect=5, read=15)

# `Invalid symbol.` and `Illegal characters found in parameter`.
UNKNOWN_SYMBOL = {-1121, -1100}

# Likely spellings that an error names.
CLOSE_MATCHES = 3


class Unanswered(Exception):
    """REST did not answer, or not with what it promises. The message says how."""


class Listing(msgspec.Struct, frozen=True):
    """A symbol on the exchange's list. `status` is TRADING, or why nothing may be heard: BREAK, HALT and others."""

    symbol: str
    status: str


class ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: list[Listing]


class Refusal(msgspec.Struct, frozen=True):
    code: int
    msg: str


def ask(base_url: str, symbols: Sequence[str] | None) -> list[Listing] | None:
    """The listings of some symbols, or of all; None when one of them is not on the list. Raises Unanswered."""
    fields = {"symbols": json.dumps(list(symbols), separators=(",", ":"))} if symbols else {}
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with urllib3.PoolManager(timeout=TIMEOUT, retries=False, ssl_context=context) as pool:
            answer = pool.request("GET", f"{base_url}/api/v3/exchangeInfo", fields=fields)
    except urllib3.exceptions.HTTPError as error:
        raise Unanswered(str(error)) from error
    try:
        if answer.status == 200:
            return msgspec.json.decode(answer.data, type=ExchangeInfo).symbols
        if msgspec.json.decode(answer.data, type=Refusal).code in UNKNOWN_SYMBOL:
            return None
    except msgspec.DecodeError as error:
        raise Unanswered(f"HTTP {answer.status}, but not the promised JSON: {error}") from error
    raise Unanswered(f"HTTP {answer.status}: {answer.data[:200].decode(errors='replace')}")


def check(base_url: str, symbols: Sequence[str]) -> dict[str, str]:
    """The status of each symbol. Raises Unanswered, and ValueError naming those that are not listed and their likes."""
    listed = ask(base_url, symbols)
    if listed is None:
        listed = ask(base_url, None) or []
    status = {listing.symbol: listing.status for listing in listed}
    unknown = [symbol for symbol in symbols if symbol not in status]
    if unknown:
        raise ValueError(" ".join(describe(symbol, list(status)) for symbol in unknown))
    return {symbol: status[symbol] for symbol in symbols}


def describe(symbol: str, listed: list[str]) -> str:
    close = difflib.get_close_matches(symbol, listed, CLOSE_MATCHES)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"Binance Spot lists no symbol {symbol}.{hint}"
