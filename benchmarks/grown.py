"""A tape of any length, whose every tick is known: the exchange's loop, repeated backward from
where it is now.

The local exchange repeats a crowd's recordings, and makes 1,000 ticks a second of them. What it
traded before some instant is put on the tape as if it had then been as busy as the two recorded
symbols are: 31 ticks a second, of 40 symbols; 100 million take five weeks. The trade ids are the
exchange's own, one after another, up to where the recorder goes on. So nothing is missing.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from prices.minutes import EPOCH, MINUTE, minute_start
from replay.exchange import open_exchange
from replay.ledger import Market

from .tracker import SHIPPED_RATE

# Copies of the two recorded symbols, and the ticks a second that all make together at present.
COPIES = 20
RATE = 1_000
SPEED = RATE / (SHIPPED_RATE * COPIES)

# How long one repetition takes in the past: whole minutes, so that all have the same candles.
REPETITION = 200 * MINUTE

MICROSECOND = timedelta(microseconds=1)

# A row of a repetition: symbol, first trade id in the newest one, ids from one to the next, trades,
# µs since it began, price, quantity.
Row = tuple[str, int, int, int, int, bool, str, str]


class Grown(NamedTuple):
    """A past that was grown: whose, between which instants, how many ticks, and how many seconds
    that took.
    """

    symbols: Sequence[str]
    begins: datetime
    ends: datetime
    ticks: int
    seconds: float

    def symbol(self, drawn: random.Random) -> str:
        return drawn.choice(self.symbols)

    def instant(self, drawn: random.Random, after: timedelta = MINUTE) -> datetime:
        """One in the past, so long after its beginning at least."""
        return self.begins + after + (self.ends - self.begins - after) * drawn.random()

    def minute(self, drawn: random.Random) -> datetime:
        return minute_start(self.instant(drawn, 2 * MINUTE))


class Past:
    """What the exchange that loops over these files traded up to the beginning of its round of an
    instant.
    """

    def __init__(self, files: Sequence[Path], at: datetime) -> None:
        ledger = open_exchange(files, speed=SPEED, loop=True).ledger
        self.markets: dict[str, Market] = ledger.markets
        self.first_time = ledger.first_time
        micros = (at - EPOCH) // MICROSECOND
        # Of no symbol a later one: the calendar rules, but each begins at its own first tick.
        self.round = min(
            market.count_until(micros) // len(market.recording) for market in self.markets.values()
        )
        self.ends = minute_start(
            EPOCH + MICROSECOND * min(map(self.begin_of_round, self.markets.values()))
        )

    @cached_property
    def ticks(self) -> int:
        """Of one repetition."""
        return sum(len(market.recording) for market in self.markets.values())

    def begin_of_round(self, market: Market) -> int:
        return market.time_of(self.round * len(market.recording))

    def repetitions(self, ticks: int) -> int:
        """That hold so many ticks, or some more."""
        return math.ceil(ticks / self.ticks)

    def begins(self, repetition: int) -> datetime:
        """The newest repetition is the first."""
        return self.ends - repetition * REPETITION

    def rows(self) -> Iterator[Row]:
        for name, market in self.markets.items():
            rec = market.recording
            (run,) = market.runs(number := self.round * len(rec), number + 1)
            stride = rec.last_ids[-1] - rec.first_ids[0] + 1
            columns = (rec.first_ids, rec.last_ids, self.times(market), rec.flags)
            numbers = (rec.prices, rec.quantities)
            for first, last, time, flags, *digits in zip(*columns, *numbers, strict=True):
                yield (
                    name,
                    first + run.trade_ids,
                    stride,
                    last - first + 1,
                    time,
                    bool(flags & 1),
                    *digits,
                )

    def times(self, market: Market) -> list[int]:
        """In microseconds since a repetition began, in which the recording is stretched."""
        rec = market.recording
        lasts = market.time_of(len(rec)) - rec.times[0]
        return [
            (time - self.first_time) * (REPETITION // MICROSECOND) // lasts for time in rec.times
        ]

    # What the right answers are, of an instant that the tape holds.

    def price_at(self, name: str, instant: datetime) -> tuple[datetime, Decimal]:
        """The instant and the price of the last tick at or before an instant."""
        market = self.markets[name]
        times, began = self.stretched[name], self.ends - self.repetition(instant) * REPETITION
        row = bisect_right(times, (instant - began) // MICROSECOND) - 1
        # Before the first tick of a repetition it is the last of the one before, as -1 says.
        began -= REPETITION if row < 0 else timedelta()
        return began + times[row] * MICROSECOND, Decimal(market.recording.prices[row])

    def minute(self, name: str, start: datetime) -> tuple[Decimal, Decimal] | None:
        """High and low of the minute that starts at an instant; None when nothing was
        traded in it.
        """
        times, began = self.stretched[name], self.ends - self.repetition(start) * REPETITION
        first, stop = (
            bisect_left(times, (at - began) // MICROSECOND) for at in (start, start + MINUTE)
        )
        prices = list(map(Decimal, self.markets[name].recording.prices[first:stop]))
        return (max(prices), min(prices)) if prices else None

    def repetition(self, instant: datetime) -> int:
        return -((instant - self.ends) // REPETITION)

    @cached_property
    def stretched(self) -> dict[str, list[int]]:
        return {name: self.times(market) for name, market in self.markets.items()}
