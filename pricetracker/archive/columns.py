"""The rows of a block as columns: all at once where each line is as the archive writes it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from operator import sub

from .blocks import Block
from .errors import Unreadable
from .rows import (
    COLUMNS,
    DIGITS,
    LARGEST_ID,
    MICROSECONDS,
    MOST_TRADES,
    NUMBER,
    OPENED,
    SIDES,
    Row,
    Withdrawn,
    is_header,
    parse,
    unreadable,
)

# The lines of a block that need no second look. It never goes back, so that a wrong line near the
# end does not cost more than the rest.
PLAIN = re.compile(
    rf"(?:[0-9]{{1,18}},{NUMBER % DIGITS['price']},{NUMBER % DIGITS['quantity']}"
    r",[0-9]{1,14},[0-9]{1,14},(?:[0-9]{16}|[0-9]{13})"
    r",(?:[Tt]rue|[Ff]alse),(?:[Tt]rue|[Ff]alse)\n)*+"
)

# Lines in a row that hold no aggTrade: what follows holds none either. A file of a few kilobytes
# may unpack to any number of them.
MOST_IN_VAIN = 100_000

SPELLED = {spelled: side for word, side in SIDES.items() for spelled in (word, word.title())}


@dataclass
class Rows:
    """Rows in the order of the file, as columns of equal length, and what else was there.

    times: in microseconds since 1970. lines: the number of the line of each row.
    withdrawn: how many rows the exchange has taken back.
    in_vain: how many lines at the end hold no row.
    """

    agg_ids: list[int] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    quantities: list[str] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    buyer_makers: list[bool] = field(default_factory=list)
    best_matches: list[bool] = field(default_factory=list)
    lines: Sequence[int] = ()
    unreadable: list[Unreadable] = field(default_factory=list)
    withdrawn: int = 0
    in_vain: int = 0

    def __len__(self) -> int:
        return len(self.firsts)


def read(block: Block, in_vain: int = 0) -> Rows:
    """The rows of a block. Headers and empty lines are none.

    in_vain: how many lines before it hold no row. What follows MOST_IN_VAIN of them is not read.
    """
    return plain(block) or line_by_line(block, in_vain)


def plain(block: Block) -> Rows | None:
    """None when a line needs a second look: `line_by_line` takes some five times as long."""
    try:
        text = block.content.decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    if not PLAIN.fullmatch(text):
        return None
    cells = text.replace("\n", ",").split(",")
    del cells[-1]
    firsts, lasts = list(map(int, cells[3::COLUMNS])), list(map(int, cells[4::COLUMNS]))
    lengths = list(map(sub, lasts, firsts))
    times = [
        time if time >= MICROSECONDS.start else time * 1000 for time in map(int, cells[5::COLUMNS])
    ]
    if (
        min(lengths) < 0
        or max(lengths) >= MOST_TRADES
        or max(lasts) > LARGEST_ID
        or min(times) < OPENED
    ):
        return None
    return Rows(
        agg_ids=list(map(int, cells[0::COLUMNS])),
        prices=cells[1::COLUMNS],
        quantities=cells[2::COLUMNS],
        firsts=firsts,
        lasts=lasts,
        times=times,
        buyer_makers=list(map(SPELLED.__getitem__, cells[6::COLUMNS])),
        best_matches=list(map(SPELLED.__getitem__, cells[7::COLUMNS])),
        lines=range(block.line, block.line + len(firsts)),
    )


def line_by_line(block: Block, in_vain: int = 0) -> Rows:
    found = Rows(in_vain=in_vain)
    rows: list[Row] = []
    lines: list[int] = []
    for number, raw in enumerate(BytesIO(block.content), block.line):
        if found.in_vain >= MOST_IN_VAIN:
            break
        # Whatever is not UTF-8 is no part of a row: it is shown as it is.
        line = raw.decode("utf-8", "backslashreplace")
        try:
            row = parse(line)
        except ValueError as error:
            found.in_vain += 1
            if line.strip("\ufeff \t\r\n") and not is_header(line):
                found.unreadable.append(unreadable(number, line, str(error)))
            continue
        if isinstance(row, Withdrawn):
            found.withdrawn += 1
        else:
            rows.append(row)
            lines.append(number)
            found.in_vain = 0
    if rows:
        (
            found.agg_ids,
            found.prices,
            found.quantities,
            found.firsts,
            found.lasts,
            found.times,
            found.buyer_makers,
            found.best_matches,
        ) = map(list, zip(*rows, strict=True))
    found.lines = lines
    return found
