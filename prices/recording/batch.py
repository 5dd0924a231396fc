"""A batch of ticks: its stretches without a missing trade, and its SQL forms. No database."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from ..exchange.messages import MICROSECONDS_FROM, AggTrade, micros
from ..formats.instants import naive_iso
from ..minutes import EPOCH, minute_start
from .ledger import Run

# `is_buyer_maker` as arrays and as COPY spell it.
SIDES = {True: "t", False: "f", None: "NULL"}
COPIED_SIDES = {**SIDES, None: "\\N"}

# Ticks that are written to COPY at once: PostgreSQL stores them while the next ones are formatted.
PIECE = 1_000


@dataclass(slots=True)
class Stretch:
    """Consecutive ticks of one symbol: no trade id is missing between them.

    symbol: its number.
    first, after: the trade ids, from `first` up to, not including, `after`.
    starts, ends: the times of the first and the last tick, in microseconds since 1970.
    earliest, latest: the extremes of all times: trade times may step back.
    begins_last: the first trade id of the last tick.
    """

    symbol: int
    first: int
    after: int
    starts: int
    ends: int
    earliest: int
    latest: int
    begins_last: int

    def run(self, kept_from: int) -> Run:
        """Its trades from id `kept_from` on, where the tape is not pruned."""
        return Run(
            max(self.first, kept_from), self.after - 1, instant(self.starts), instant(self.ends)
        )


def stretches(ticks: Iterable[AggTrade], numbers: Mapping[str, int]) -> list[Stretch]:
    """Group ticks, given in their order of arrival. `numbers`: the number of each symbol."""
    found: list[Stretch] = []
    current: dict[str, Stretch] = {}
    for tick in ticks:
        time = tick.traded
        if time < MICROSECONDS_FROM:
            time *= 1000
        stretch = current.get(tick.symbol)
        first = tick.first
        if stretch is not None and stretch.after == first:
            stretch.after = tick.last + 1
            stretch.begins_last = first
            stretch.ends = time
            if time > stretch.latest:
                stretch.latest = time
            elif time < stretch.earliest:
                stretch.earliest = time
        else:
            number = numbers[tick.symbol]
            stretch = Stretch(number, first, tick.last + 1, time, time, time, time, first)
            current[tick.symbol] = stretch
            found.append(stretch)
    return found


def lines(ticks: Sequence[AggTrade], numbers: Mapping[str, int]) -> Iterator[str]:
    """Ticks as COPY reads them, a line each, tab-separated; up to PIECE of them at a time.

    The columns are timestamp, first trade, trades, symbol, is_buyer_maker, price and quantity.
    """
    seconds: dict[str, str] = {}
    for start in range(0, len(ticks), PIECE):
        found = []
        for tick in ticks[start : start + PIECE]:
            time = tick.traded
            if time < MICROSECONDS_FROM:
                time *= 1000
            digits = str(time)
            second = digits[:-6]
            # Hundreds of ticks share a second: formatting it takes longer than the rest of a line.
            if (moment := seconds.get(second)) is None:
                moment = seconds[second] = naive_iso(EPOCH + timedelta(seconds=int(second)))
            first = tick.first
            found.append(
                f"{moment}.{digits[-6:]}Z\t{first}\t{tick.last - first + 1}"
                f"\t{numbers[tick.symbol]}\t{COPIED_SIDES[tick.is_buyer_maker]}"
                f"\t{tick.price}\t{tick.quantity}\n"
            )
        yield "".join(found)


def columns(ticks: Sequence[AggTrade], numbers: Mapping[str, int]) -> dict[str, str]:
    """Ticks as array literals of PostgreSQL. Prices are the exchange's own digits."""
    return {
        "symbol": array(numbers[tick.symbol] for tick in ticks),
        "first": array(tick.first for tick in ticks),
        "trades": array(tick.last - tick.first + 1 for tick in ticks),
        "micros": array(micros(tick.traded) for tick in ticks),
        "price": array(tick.price for tick in ticks),
        "quantity": array(tick.quantity for tick in ticks),
        "is_buyer_maker": array(SIDES[tick.is_buyer_maker] for tick in ticks),
    }


def fitting(ticks: Iterable[AggTrade], holes: Sequence[tuple[int, int]]) -> list[AggTrade]:
    """The ticks that lie wholly within one of some holes.

    holes: first and last trade id of each, in order.
    """
    found = []
    for tick in ticks:
        n = bisect_right(holes, tick.first, key=itemgetter(0)) - 1
        if n >= 0 and tick.last <= holes[n][1]:
            found.append(tick)
    return found


def minutes_of(ticks: Iterable[AggTrade]) -> list[datetime]:
    """The minutes in which some ticks were traded, in order; UTC."""
    return sorted({minute_start(instant(micros(tick.traded))) for tick in ticks})


def instant(time: int) -> datetime:
    """Microseconds since 1970 as a datetime in UTC."""
    return EPOCH + timedelta(microseconds=time)


def array(values: Iterable[int | str]) -> str:
    """Numbers, or their text, as an array literal of PostgreSQL."""
    return "{" + ",".join(map(str, values)) + "}"
