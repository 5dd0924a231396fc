"""Symbols as people write them."""

import re

# The characters of Binance's symbols. Letters of every script are among them, but none is ever in
# lower case.
PATTERN = re.compile(r"[\w\-.]{1,50}")

WANTED = "Must be a symbol such as BTCUSDT: 1 to 50 letters, digits, hyphens, underscores or dots."


def parse(text: str) -> str:
    """A symbol in upper case.

    Raises ValueError, with a sentence for the user, when it is invalid.
    """
    symbol = text.strip().upper()
    if not PATTERN.fullmatch(symbol):
        raise ValueError(WANTED)
    return symbol
