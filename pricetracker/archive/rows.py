"""One line of the archive: an aggTrade in eight cells. Pure: text in, a row or a reason out."""

import re
from functools import lru_cache
from typing import NamedTuple

from .errors import Unreadable

COLUMNS = 8

# Characters of a line. No aggTrade takes a quarter of that.
LONGEST = 1_000

# Characters of a cell that a reason shows.
SHOWN = 40

# The exchange gives eight decimals, and zeros after them add nothing. A price has up to 10 digits
# before the point and a quantity up to 16: so they fit the columns of the tape.
NUMBER = r"(?=[0-9.]*[1-9])[0-9]{1,%d}(?:\.(?:[0-9]{8}0*|[0-9]{1,7}))?"
DIGITS = {"price": 10, "quantity": 16}
NUMBERS = {name: re.compile(NUMBER % digits) for name, digits in DIGITS.items()}

# 2^44 is beyond what any trade id will ever reach.
LARGEST_ID = (1 << 44) - 2

# Trades in one aggregate. One order was seen to make some hundreds at one price.
MOST_TRADES = 1_000_000

SIDES = {"true": True, "false": False}

# The archive gives milliseconds until the end of 2024 and microseconds since. Their magnitude tells
# them apart, for any time from 2001 to 5138.
MILLISECONDS = range(10**12, 10**14)
MICROSECONDS = range(10**15, 10**17)

# Microseconds: July 2017, before which nobody traded there.
OPENED = 1_498_867_200_000_000

# A cell of a header: a name, no number.
TITLE = re.compile(r"[^\W\d][\w ./()-]*")


class Row(NamedTuple):
    """Price and quantity as they are written; the time in microseconds since 1970."""

    agg_id: int
    price: str
    quantity: str
    first: int
    last: int
    time: int
    buyer_maker: bool
    best_match: bool


class Withdrawn(NamedTuple):
    """A tombstone: a row that the exchange has taken back. It has no price and no trade ids."""


def cells_of(line: str) -> list[str]:
    """The cells of a line, without quotes, blanks and a byte order mark."""
    return [cell.strip().strip('"') for cell in line.strip().lstrip("\ufeff").split(",")]


def is_header(line: str) -> bool:
    """Whether each cell is a title. A damaged row has numbers in it, and is no header."""
    cells = cells_of(line)
    return (
        len(cells) > 1
        and all(TITLE.fullmatch(cell) for cell in cells)
        and not any(cell.lower() in SIDES for cell in cells)
    )


def parse(line: str) -> Row | Withdrawn:
    """Read one line. Raises ValueError, which says what is wrong with it."""
    if len(line) > LONGEST:
        raise ValueError(f"it has more than {LONGEST:,} characters")
    cells = cells_of(line)
    if len(cells) != COLUMNS:
        hint = " (files of futures have 7)" if len(cells) == COLUMNS - 1 else ""
        raise ValueError(f"{COLUMNS} cells are expected, not {len(cells)}{hint}")
    agg_id, price, quantity, first_id, last_id, time, buyer_maker, best_match = cells
    if first_id == last_id == "-1" and not price.strip("0."):
        return Withdrawn()
    first, last = _trades(first_id, last_id)
    return Row(
        _whole(agg_id),
        _number("price", price),
        _number("quantity", quantity),
        first,
        last,
        _time(time),
        _flag(buyer_maker),
        _flag(best_match),
    )


def unreadable(number: int, line: str, reason: str) -> Unreadable:
    """A line that `parse` refuses, with what can be read of it nevertheless."""
    cells = cells_of(line[:LONGEST])
    try:
        return Unreadable(number, reason, _trades(*cells[3:5]), _time(cells[5]))
    except (ValueError, IndexError, TypeError):
        return Unreadable(number, reason)


def _trades(first_id: str, last_id: str) -> tuple[int, int]:
    first, last = _whole(first_id), _whole(last_id)
    if last < first:
        raise ValueError(f"last trade id {last} is below the first, {first}")
    if last - first >= MOST_TRADES or last > LARGEST_ID:
        raise ValueError(f"trades {first} to {last} are not a valid range for one aggTrade")
    return first, last


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # fits 64 bits
        raise ValueError(f"{shown(text)} is not a whole number")
    return int(text)


@lru_cache(maxsize=1 << 16)  # Prices and quantities come back often: one string serves many rows.
def _number(name: str, text: str) -> str:
    if not NUMBERS[name].fullmatch(text):
        raise ValueError(
            f"{shown(text)} is not a number above zero with up to 8 decimals "
            f"and {DIGITS[name]} digits before them"
        )
    return text


def _time(text: str) -> int:
    time = _whole(text)
    if time not in MILLISECONDS and time not in MICROSECONDS:
        raise ValueError(f"{shown(text)} is not a time in milliseconds or microseconds")
    time = time * 1000 if time in MILLISECONDS else time
    if time < OPENED:
        raise ValueError(f"{shown(text)} is a time before Binance opened")
    return time


def _flag(text: str) -> bool:
    try:
        return SIDES[text.lower()]
    except KeyError:
        raise ValueError(f"{shown(text)} is neither True nor False") from None


def shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
