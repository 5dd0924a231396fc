"""Ticks as the store statement takes them: columns, and the runs in which no trade is missing. No database."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from ..exchange.messages import Tick, micros
from ..formats.instants import naive_iso
from ..keys import EPOCH, SHIFT, minute_start


@dataclass(slots=True)
class Run:
    """A stretch of ticks each of which begins where the one before ended: trades `first` up to, not including, `after`.

    `starts` and `ends` are the instants of its first and last tick, in microseconds since 1970.
    """

    symbol: int
    first: int
    after: int
    starts: int
    ends: int


def runs_of(ticks: Iterable[Tick], numbers: Mapping[str, int]) -> list[Run]:
    runs: list[Run] = []
    current: dict[str, Run] = {}
    for tick in ticks:
        traded = micros(tick.traded)
        run = current.get(tick.symbol)
        if run is not None and run.after == tick.first:
            run.after = tick.last + 1
            run.ends = traded
        else:
            run = Run(numbers[tick.symbol], tick.first, tick.last + 1, traded, traded)
            current[tick.symbol] = run
            runs.append(run)
    return runs


def parameters(
    ticks: list[Tick], runs: Sequence[Run], numbers: Mapping[str, int], source: str
) -> dict[str, str]:
    """The parameters of `store.sql`. Arrays in PostgreSQL's text form: prices are the exchange's own digits, untouched."""
    return {
        "symbol": array(numbers[tick.symbol] for tick in ticks),
        "first": array(tick.first for tick in ticks),
        "trades": array(tick.last - tick.first + 1 for tick in ticks),
        "micros": array(micros(tick.traded) for tick in ticks),
        "price": array(tick.price for tick in ticks),
        "quantity": array(tick.quantity for tick in ticks),
        "run_symbol": array(run.symbol for run in runs),
        "run_first": array(run.first for run in runs),
        "run_after": array(run.after for run in runs),
        "run_starts": array(run.starts for run in runs),
        "run_ends": array(run.ends for run in runs),
        "source": source,
    }


def lines(ticks: Iterable[Tick], numbers: Mapping[str, int]) -> str:
    """The same ticks as COPY takes them: id, timestamp, trades, symbol, price and quantity, tab-separated, a line each."""
    keys = {symbol: number << SHIFT for symbol, number in numbers.items()}
    seconds: dict[int, str] = {}
    found = []
    for tick in ticks:
        second, fraction = divmod(micros(tick.traded), 1_000_000)
        # Hundreds of ticks share a second, and to write one takes longer than all the rest.
        if (moment := seconds.get(second)) is None:
            moment = seconds[second] = naive_iso(EPOCH + timedelta(seconds=second))
        symbol = tick.symbol
        found.append(
            f"{keys[symbol] | tick.first}\t{moment}.{fraction:06}Z\t{tick.last - tick.first + 1}"
            f"\t{numbers[symbol]}\t{tick.price}\t{tick.quantity}\n"
        )
    return "".join(found)


def spans(runs: Sequence[Run]) -> dict[str, str]:
    """The runs as `follows.sql` and `followed.sql` take them."""
    return {
        "symbol": array(run.symbol for run in runs),
        "first": array(run.first for run in runs),
        "after": array(run.after for run in runs),
    }


def fitting(ticks: Iterable[Tick], holes: Sequence[tuple[int, int]]) -> list[Tick]:
    """The ticks that lie whole within one of some holes, each given by its first and last raw trade id, in their order."""
    found = []
    for tick in ticks:
        n = bisect_right(holes, tick.first, key=itemgetter(0)) - 1
        if n >= 0 and tick.last <= holes[n][1]:
            found.append(tick)
    return found


def minutes_of(ticks: Iterable[Tick]) -> list[datetime]:
    """The minutes in which some ticks were made."""
    instants = (EPOCH + timedelta(microseconds=micros(tick.traded)) for tick in ticks)
    return sorted({minute_start(instant) for instant in instants})


def array(values: Iterable[int | str]) -> str:
    """Numbers as a PostgreSQL array literal; a number's text needs no quotes in it."""
    return "{" + ",".join(map(str, values)) + "}"
