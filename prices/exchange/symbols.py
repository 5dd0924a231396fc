"""Which symbols the exchange lists, asked over REST."""

import difflib
import json
from collections.abc import Sequence
from urllib.parse import quote

import msgspec
import urllib3

from .connection import REFUSALS, explain, refusal, trust

# Seconds. Inside the exchange an answer may take 10.
TIMEOUT = urllib3.Timeout(connect=5, read=15)

# `Invalid symbol.` and `Illegal characters found in parameter`.
UNKNOWN_SYMBOL = {-1121, -1100}

# What decoding raises; text that is no UTF-8 is the second.
NO_JSON = (msgspec.DecodeError, UnicodeDecodeError)

# Likely spellings that an error names.
CLOSE_MATCHES = 3

# Unknown symbols that an error names: each is compared with thousands of others.
NAMED = 10

# Characters. Servers answer 414 above some 8,000, and something on the way may allow half of that.
LONGEST_PATH = 4000


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


def ask(
    base_url: str, symbols: Sequence[str], timeout: urllib3.Timeout = TIMEOUT
) -> list[Listing] | None:
    """The listings of some symbols, or of all; None when one of them is not on the list. Raises Unanswered."""
    try:
        with urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=trust()) as pool:
            # Not sent on to elsewhere: a page for signing in, say, is no exchange.
            answer = pool.request("GET", base_url + question(symbols), redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise Unanswered(reason(origin(error))) from error
    if answer.status == 200:
        return listings(answer.data)
    objection = complaint(answer.data)
    if objection.code in UNKNOWN_SYMBOL:
        return None
    # Our words, where there are any, say what to do about it.
    theirs = "" if answer.status in REFUSALS else objection.msg
    why = f"{refusal(answer.status)} {theirs}".rstrip()
    raise Unanswered(f"The exchange refused to list its symbols with {why}")


def question(symbols: Sequence[str]) -> str:
    """The path that asks for some symbols; for all of them when these do not fit, which costs the same."""
    path = "/api/v3/exchangeInfo"
    names = quote(json.dumps(list(symbols), separators=(",", ":"), ensure_ascii=False))
    asked = f"{path}?symbols={names}"
    return asked if symbols and len(asked) <= LONGEST_PATH else path


def listings(body: bytes) -> list[Listing]:
    try:
        return msgspec.json.decode(body, type=ExchangeInfo).symbols
    except NO_JSON as error:
        raise Unanswered(f"The exchange answered, but with no list of symbols: {error}.") from error


def complaint(body: bytes) -> Refusal:
    """What the exchange itself objects to; nothing when it was somebody on the way who answered, in HTML as a rule."""
    try:
        return msgspec.json.decode(body, type=Refusal)
    except NO_JSON:
        return Refusal(0, "")


def origin(error: BaseException) -> BaseException:
    """What an error of the HTTP library came from: the name, the socket, the certificate."""
    while below := error.__cause__ or error.__context__:
        error = below
    return error


def reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "The exchange did not answer in time."
    return explain(error)


def check(
    base_url: str, symbols: Sequence[str], timeout: urllib3.Timeout = TIMEOUT
) -> dict[str, str]:
    """The status of each symbol. Raises Unanswered, and ValueError naming those that are not listed and their likes."""
    listed = ask(base_url, symbols, timeout)
    if listed is None:
        listed = ask(base_url, (), timeout) or []
    status = {listing.symbol: listing.status for listing in listed}
    unknown = [symbol for symbol in symbols if symbol not in status]
    if unknown:
        sentences = [describe(symbol, list(status)) for symbol in unknown[:NAMED]]
        if len(unknown) > NAMED:
            sentences.append(f"Nor does it list {len(unknown) - NAMED} more.")
        raise ValueError(" ".join(sentences))
    return {symbol: status[symbol] for symbol in symbols}


def describe(symbol: str, listed: list[str]) -> str:
    close = difflib.get_close_matches(symbol, listed, CLOSE_MATCHES)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return f"Binance Spot lists no symbol {symbol}.{hint}"
