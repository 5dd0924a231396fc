"""Symbols as people write them."""

import re

# The characters of Binance's symbols. Letters of every script are among them, but none is ever in
# lower case.
PATTERN = re.compile(r"[\w\-.]{1,50}")

WANTED = "Must be a symbol such as BTCUSDT: 1 to 50 letters, digits, hyphens, underscores or dots."

# Between the two assets of a symbol, as other programs write them: BTC/USDT, BTC-USDT, btc_usdt.
SEPARATED = re.compile(r"([^\W_]+)\s*[-/:_.\s]\s*([^\W_]+)")


def parse(text: str) -> str:
    """A symbol in upper case.

    Raises ValueError, with a sentence for the user, when it is invalid.
    """
    symbol = text.strip().upper()
    if not PATTERN.fullmatch(symbol):
        raise ValueError(f"{WANTED}{hint(symbol)}")
    return symbol


def hint(text: str) -> str:
    """A question with a blank before it for BTC/USDT or BTC-USDT: did they mean BTCUSDT?"""
    found = SEPARATED.fullmatch(text.upper())
    joined = "".join(found.groups()) if found else ""
    return f" Did you mean {joined}?" if PATTERN.fullmatch(joined) else ""
