"""The exchange's list of symbols, from REST, and its rate limits."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

import msgspec
from msgspec import field

from .rest import Rest
from .rest_errors import NO_JSON, Refused, Unanswered

# Request weight of the list.
WEIGHT = 20

# The status of a symbol that is traded.
TRADING = "TRADING"

# `Invalid symbol.` and `Illegal characters found in parameter`.
UNKNOWN_SYMBOL = {-1121, -1100}

# Similar spellings that an error suggests.
CLOSE_MATCHES = 3

# Unknown symbols that an error names: each is compared with thousands of others.
NAMED = 10

# Characters of names in a URL. Servers answer 414 above some 8,000, and an intermediary may allow
# half of that.
LONGEST = 3900


class Listing(msgspec.Struct, frozen=True):
    """A symbol on the exchange's list.

    `status` is TRADING, or why it does not trade: BREAK, HALT ... `body` is all that the exchange
    says of it, as JSON.
    """

    symbol: str
    status: str
    body: bytes = b""


class RateLimit(msgspec.Struct, frozen=True):
    """At most `limit` per interval: request weight, or something else of `kind`."""

    kind: str = field(name="rateLimitType")
    interval: str
    intervals: int = field(name="intervalNum")
    limit: int


class ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: list[msgspec.Raw]
    limits: list[RateLimit] = field(name="rateLimits", default_factory=list)


def ask(rest: Rest, symbols: Sequence[str]) -> list[Listing] | None:
    """Request the listings of some symbols, or of all; None when one of them is not on the list.

    The response also contains the rate limit per minute, which `rest` uses from then on. Raises
    Unanswered.
    """
    try:
        body = rest.get("exchangeInfo", WEIGHT, **question(symbols))
    except Refused as objection:
        if objection.code in UNKNOWN_SYMBOL:
            return None
        raise
    try:
        info = msgspec.json.decode(body, type=ExchangeInfo)
        found = [read(listed) for listed in info.symbols]
    except NO_JSON as error:
        raise Unanswered(f"The exchange sent an invalid list of symbols: {error}.") from error
    for rate in info.limits:
        if (rate.kind, rate.interval, rate.intervals) == ("REQUEST_WEIGHT", "MINUTE", 1):
            rest.rate_limiter.allow(rate.limit)
    return found


def read(listed: msgspec.Raw) -> Listing:
    """Raises what msgspec raises."""
    return msgspec.structs.replace(msgspec.json.decode(listed, type=Listing), body=bytes(listed))


def question(symbols: Sequence[str]) -> dict[str, str]:
    """The query parameters for some symbols.

    Empty, which requests all symbols, when they do not fit into a URL; that costs the same.
    """
    names = json.dumps(list(symbols), separators=(",", ":"), ensure_ascii=False)
    return {"symbols": names} if symbols and len(quote_plus(names)) <= LONGEST else {}


@dataclass(frozen=True)
class LookUp:
    """What the exchange's list says about some symbols.

    statuses, bodies: by symbol, of those on the list; a body is JSON.
    unlisted: those that are not on it.
    listed: all symbols on the list, if all were requested.
    """

    statuses: dict[str, str]
    bodies: dict[str, bytes]
    unlisted: list[str]
    listed: list[str]

    def refusal(self, unlisted: list[str]) -> str:
        """Sentences that name symbols which are not on the list, and similar names on it."""
        sentences = [describe(symbol, self.listed) for symbol in unlisted[:NAMED]]
        if len(unlisted) > NAMED:
            sentences.append(f"{len(unlisted) - NAMED} more are not listed either.")
        return " ".join(sentences)


def look_up(rest: Rest, symbols: Sequence[str]) -> LookUp:
    """Look up some symbols. Raises what `Rest.get` raises."""
    listed = ask(rest, symbols)
    if listed is None:
        listed = ask(rest, ()) or []
    by_name = {listing.symbol: listing for listing in listed}
    wanted = [by_name[symbol] for symbol in symbols if symbol in by_name]
    return LookUp(
        {listing.symbol: listing.status for listing in wanted},
        {listing.symbol: listing.body for listing in wanted},
        [symbol for symbol in symbols if symbol not in by_name],
        list(by_name),
    )


def check(rest: Rest, symbols: Sequence[str]) -> dict[str, str]:
    """The status of each symbol.

    Raises Unanswered, and ValueError naming the symbols that are not listed and similar names.
    """
    found = look_up(rest, symbols)
    if found.unlisted:
        raise ValueError(found.refusal(found.unlisted))
    return found.statuses


def describe(symbol: str, listed: list[str]) -> str:
    close = difflib.get_close_matches(symbol, listed, CLOSE_MATCHES)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"Binance Spot lists no symbol {symbol}.{hint}"
