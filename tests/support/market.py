"""A market that leads up to an instant and on: the recorded ticks, cut into pieces and joined anew,
by a seed.

Its prices wander as real ones do, through a day that nobody traded. Half of the pieces stand on
their heads.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prices.exchange.messages import AggTrade
from prices.recording.tape import Tape
from replay import archive
from replay.candles import decimal, units
from replay.clock import LAG, Clock
from replay.recording import Recording

# Microseconds. No whole part of a minute: so no two minutes are alike.
PIECE = 41_000_000
PAST = 25 * 3_600_000_000
FUTURE = 1_200_000_000

# Of the past, where nobody looks at single ticks, so many are put together to one.
TOGETHER = 20

BATCH = 5_000

# In what order a piece comes, and whether upside down: for all symbols alike, which move together.
Pieces = list[tuple[int, int]]


class Held(Clock):
    """Stands still until the present has come to an instant, and is the present's from then on."""

    def __init__(self, until: int) -> None:
        super().__init__()
        self.until = until

    def now(self) -> int:
        return max(self.until, super().now())


def market(present: int, seed: int) -> list[Recording]:
    """Recordings of a past that ends at an instant, in microseconds, and of a future that begins
    there.
    """
    recordings = archive.read(archive.shipped())
    whole = min((rec.times[-1] - rec.times[0]) // PIECE for rec in recordings)
    drawn = random.Random(seed)
    count = (PAST + FUTURE) // PIECE
    pieces = [(drawn.randrange(whole), drawn.choice((1, -1))) for _ in range(count)]
    return [joined(rec, pieces, present) for rec in recordings]


def joined(source: Recording, pieces: Pieces, present: int) -> Recording:
    made = Recording(source.symbol)
    prices = list(map(units, source.prices))
    # Trades and quantity of all rows before each.
    trades = [first - source.first_ids[0] for first in source.first_ids]
    quantities = [0, *accumulate(map(units, source.quantities))]
    price, trade, begins = prices[0], 1, present - PAST // PIECE * PIECE
    for piece, turn in pieces:
        start = source.times[0] + piece * PIECE
        row, end = (bisect_left(source.times, time) for time in (start, start + PIECE))
        level = prices[row]
        while row < end:
            time = begins + source.times[row] - start
            after = min(end, row + (TOGETHER if time < present else 1))
            held = trades[after] - trades[row]
            made.append(
                len(made),
                decimal(price + turn * (prices[after - 1] - level)),
                decimal(quantities[after] - quantities[row]),
                trade,
                trade + held - 1,
                time,
                0,
            )
            trade += held
            row = after
        price += turn * (prices[end] - level)
        begins += PIECE
    return made


def fill(tape: Tape, recordings: list[Recording], until: int) -> None:
    """Store what was traded up to an instant."""
    for recording in recordings:
        ticks = list(past(recording, until))
        for start in range(0, len(ticks), BATCH):
            tape.store(ticks[start : start + BATCH])


def past(recording: Recording, until: int) -> Iterator[AggTrade]:
    ids = zip(recording.first_ids, recording.last_ids, strict=True)
    amounts = zip(recording.prices, recording.quantities, strict=True)
    for (first, last), (price, quantity), time in zip(ids, amounts, recording.times, strict=True):
        if time > until:
            return
        yield AggTrade(recording.symbol, first, last, price, quantity, time, time + LAG)
