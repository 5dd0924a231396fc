"""One line of the archive: an aggTrade in eight cells."""

import re
from functools import lru_cache

COLUMNS = 8
# The exchange gives eight decimals; more could not be told apart from fewer further down.
NUMBER = re.compile(r"(?P<whole>\d{1,20})(?:\.(?P<decimals>\d{1,8})0*)?", re.ASCII)
FLAGS = {"true": 1, "false": 0}

# The archive gives milliseconds until the end of 2024 and microseconds since. Their magnitude tells
# them apart, for any time from 2001 to 5138.
MILLISECONDS = range(10**12, 10**14)
MICROSECONDS = range(10**15, 10**17)

# Microseconds: July 2017, before which nobody traded there. The recorder refuses future times.
OPENED = 1_498_867_200_000_000

Row = tuple[int, str, str, int, int, int, int]


def parse(line: str) -> Row:
    """The cells of a line as a recording takes them; ValueError says what is wrong with it."""
    cells = line.strip().split(",")
    if len(cells) != COLUMNS:
        raise ValueError(f"{COLUMNS} cells are expected, not {len(cells)}")
    agg_id, price, quantity, first_id, last_id, time, buyer_maker, best_match = cells
    first, last = _whole(first_id), _whole(last_id)
    if last < first:
        raise ValueError(f"last trade id {last} is below the first, {first}")
    flags = _flag(buyer_maker) | _flag(best_match) << 1
    return _whole(agg_id), _decimal(price), _decimal(quantity), first, last, _time(time), flags


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # fits 64 bits
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


@lru_cache(maxsize=1 << 16)  # prices and quantities come back often: one string serves many rows
def _decimal(text: str) -> str:
    """The number as the exchange writes it, padded to eight decimals."""
    number = NUMBER.fullmatch(text)
    if not number or not text.strip("0."):
        raise ValueError(f"{text!r} is not a number above zero with up to 8 decimals")
    return f"{number['whole']}.{number['decimals'] or '':0<8}"


def _time(text: str) -> int:
    time = _whole(text)
    if time not in MILLISECONDS and time not in MICROSECONDS:
        raise ValueError(f"{text!r} is not a time in milliseconds or microseconds")
    time = time * 1000 if time in MILLISECONDS else time
    if time < OPENED:
        raise ValueError(f"{text!r} is a time before Binance opened")
    return time


def _flag(text: str) -> int:
    try:
        return FLAGS[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither True nor False") from None
