"""The lines that COPY reads: one per tick, in order, however many there are."""

from hypothesis import given
from hypothesis import strategies as st

from prices.exchange.messages import AggTrade
from prices.recording.batch import PIECE, lines

NUMBERS = {"BTCUSDT": 3}

# Milliseconds and microseconds of one instant.
INSTANT = (1_751_531_435_984, 1_751_531_435_984_000)


def tick(first: int, traded: int, side: bool | None = None) -> AggTrade:
    return AggTrade("BTCUSDT", first, first + 1, "61928.31", "0.5", traded, traded, side)


def test_a_line_has_the_columns_in_the_order_of_copy() -> None:
    expected = "2025-07-03T08:30:35.984000Z\t7\t2\t3\t{}\t61928.31\t0.5\n"
    for side, copied in ((True, "t"), (False, "f"), (None, "\\N")):
        for traded in INSTANT:
            assert list(lines([tick(7, traded, side)], NUMBERS)) == [expected.format(copied)]


@given(st.integers(0, 3), st.integers(-1, 1))
def test_many_ticks_come_in_pieces_each_tick_once(pieces: int, beside: int) -> None:
    ticks = [tick(2 * n, INSTANT[1] + 700_003 * n) for n in range(max(0, pieces * PIECE + beside))]
    found = list(lines(ticks, NUMBERS))
    assert len(found) == -(-len(ticks) // PIECE)
    assert all(rows.count("\n") <= PIECE for rows in found)
    alone = [rows for each in ticks for rows in lines([each], NUMBERS)]
    assert "".join(found) == "".join(alone)
