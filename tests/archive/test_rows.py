"""One line of the archive: an aggTrade, a header, a withdrawn row, or a reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetracker.archive import columns
from pricetracker.archive.blocks import Block
from pricetracker.archive.rows import Row, Withdrawn, is_header, parse, unreadable

LINE = "7,61837.63,0.02,100,103,1723161255342,True,false"
ROW = Row(7, "61837.63", "0.02", 100, 103, 1723161255342000, True, False)


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        f"\ufeff{LINE}",
        f"{LINE}\r",
        LINE.replace(",", " , "),
        LINE.replace("True", "TRUE"),
        ",".join(f'"{cell}"' for cell in LINE.split(",")),
    ],
    ids=["plain", "mark", "CRLF", "blanks", "capitals", "quotes"],
)
def test_a_line_is_read_in_whatever_dress(line: str) -> None:
    assert parse(line) == ROW


def test_microseconds_stay() -> None:
    assert parse(LINE.replace("1723161255342", "1751531435984239")).time == 1751531435984239


def test_a_withdrawn_row_is_known_as_such() -> None:
    assert parse("9,0.00000000,0.00000000,-1,-1,1723161255342,False,True") == Withdrawn()


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("agg_trade_id,price,quantity,first_trade_id,last_trade_id,time,maker,best", True),
        ('"Aggregate tradeId","Price","Quantity","First","Last","Timestamp","A","B"', True),
        (f"x{LINE}", False),
        (LINE, False),
        ("", False),
        ("a,b,c,d,e,f,True,True", False),
    ],
)
def test_only_titles_make_a_header(line: str, is_one: bool) -> None:
    assert is_header(line) is is_one


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("9,1,1,104,104,1723161255617,True", "not 7 (files of futures have 7)"),
        ("x,1,1,104,104,1723161255617,True,True", "'x' is not a whole number"),
        ("9,1,1,-1,-1,1723161255617,True,True", "'-1' is not a whole number"),
        ("9,1e3,1,104,104,1723161255617,True,True", "'1e3' is not a number above zero"),
        ("9,0.0,1,104,104,1723161255617,True,True", "'0.0' is not a number above zero"),
        ("9,1.123456789,1,104,104,1723161255617,True,True", "with up to 8 decimals"),
        ("9,12345678901,1,104,104,1723161255617,True,True", "and 10 digits before them"),
        ("9,1,1,0,1000000,1723161255617,True,True", "not a valid range for one aggTrade"),
        ("9,1,1,1,99999999999999,1723161255617,True,True", "not a valid range"),
        ("9,1,1,104,104,1723161255617," + "x" * 2000, "more than 1,000 characters"),
    ],
)
def test_what_is_wrong_is_said(row: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse(row)


def test_ids_of_a_damaged_line_may_be_readable() -> None:
    bad = unreadable(3, f"x{LINE}", "why")
    assert (bad.line, bad.ids, bad.time) == (3, (100, 103), 1723161255342000)
    assert unreadable(3, "7,1,1", "why").ids is None


def columns_of(rows: columns.Rows) -> dict[str, object]:
    return vars(rows) | {"lines": list(rows.lines)}


CELLS = st.sampled_from(
    ["7", "", "-1", "1_0", "+3", " 5", "1.5", "0", "1723161255342", "True", "x"]
)


@given(line=st.lists(CELLS, max_size=9).map(",".join), number=st.integers(1, 9))
def test_all_at_once_reads_what_line_by_line_does(line: str, number: int) -> None:
    """A line that is read in another way at full speed would be another trade."""
    content = f"{LINE}\n{line}\n{LINE}\n".encode()
    fast = columns.plain(Block(number, content))
    slow = columns.line_by_line(Block(number, content))
    assert fast is None or columns_of(fast) == columns_of(slow)


@given(st.text(alphabet="0123456789.,-_ eTrue\r", max_size=80))
def test_no_text_is_read_in_two_ways(text: str) -> None:
    content = f"{text}\n".encode()
    fast = columns.plain(Block(1, content))
    slow = columns.line_by_line(Block(1, content))
    assert fast is None or columns_of(fast) == columns_of(slow)
