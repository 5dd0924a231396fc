"""Tapes for tests: made-up and recorded ticks, and a plain model of what the tape should hold."""

import csv
import gzip
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import connection

from prices.exchange.messages import Tick, micros
from prices.keys import key
from prices.models import Candle, Gap, Price
from prices.recording.session import connect
from prices.recording.tape import Tape

START = datetime(2025, 7, 3, 8, 30, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(seconds: float) -> int:
    """Microseconds since 1970 of an instant, given in seconds from START."""
    return round((START.timestamp() + seconds) * 1_000_000)


def instant(time: int) -> datetime:
    return EPOCH + timedelta(microseconds=time)


def tick(
    first: int,
    seconds: float = 0,
    price: str = "100",
    *,
    trades: int = 1,
    symbol: str = "BTCUSDT",
    quantity: str = "1",
) -> Tick:
    return Tick(
        symbol, first, first + trades - 1, price, quantity, at(seconds), at(seconds) + 3_000
    )


def recorded(path: Path) -> list[Tick]:
    """The ticks of a file in the layout of the public archive, in its own unit of time."""
    symbol = path.name.split("-")[0]
    with gzip.open(path, "rt", newline="", encoding="utf-8") as lines:
        return [
            Tick(symbol, int(first), int(last), price, quantity, int(time), int(time))
            for _, price, quantity, first, last, time, *_ in csv.reader(lines)
        ]


@contextmanager
def open_tape(*symbols: str) -> Iterator[Tape]:
    """A tape over a connection of its own, as in a recorder; in a test that rolls back, over the test's connection."""
    rolled_back = connection.in_atomic_block
    if rolled_back:
        # Only within a transaction that has begun are the tape's own ones savepoints.
        connection.cursor().execute("SELECT 1")
    tape = Tape(connection.connection if rolled_back else connect(application_name="tests"))
    try:
        tape.register(symbols or ("BTCUSDT",))
        yield tape
    finally:
        if not rolled_back:
            tape.close()


@dataclass
class Minute:
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int


def minutes(ticks: Iterable[Tick]) -> dict[tuple[str, datetime], Minute]:
    """The candles of some ticks, each tick once, by the book: grouped by minute, in order of trade id."""
    once = {(tick.symbol, tick.first): tick for tick in ticks}
    candles: dict[tuple[str, datetime], Minute] = {}
    for _, tick in sorted(once.items()):
        price, quantity = Decimal(tick.price), Decimal(tick.quantity)
        minute = instant(micros(tick.traded) // 60_000_000 * 60_000_000)
        candle = candles.setdefault(
            (tick.symbol, minute), Minute(price, price, price, price, Decimal(0), 0)
        )
        candle.high, candle.low = max(candle.high, price), min(candle.low, price)
        candle.close = price
        candle.volume += quantity
        candle.trades += tick.last - tick.first + 1
    return candles


def holes(ticks: Iterable[Tick]) -> list[tuple[int, int]]:
    """The trade ids that one symbol's ticks leave out between the first and the last: (first, last) of each hole."""
    known = sorted({(tick.first, tick.last) for tick in ticks})
    pairs = itertools.pairwise(known)
    return [(last + 1, first - 1) for (_, last), (first, _) in pairs if first > last + 1]


def clear(tape: Tape) -> None:
    tape.database.execute("TRUNCATE prices_price, prices_candle, prices_gap")


def stored_ticks() -> list[tuple]:
    rows = Price.objects.order_by("pk").values_list(
        "id", "timestamp", "trades", "price", "quantity"
    )
    return list(rows)


def expected_ticks(tape: Tape, ticks: list[Tick]) -> list[tuple]:
    return sorted(
        {
            (
                key(tape.numbers[tick.symbol], tick.first),
                instant(micros(tick.traded)),
                tick.last - tick.first + 1,
                Decimal(tick.price),
                Decimal(tick.quantity),
            )
            for tick in ticks
        }
    )


def stored_candles() -> dict:
    columns = ("open", "high", "low", "close", "volume", "trades")
    return {
        (candle.symbol.name, candle.minute): {name: getattr(candle, name) for name in columns}
        for candle in Candle.objects.select_related("symbol")
    }


def open_gaps(symbol: str = "BTCUSDT") -> list[tuple[int, int]]:
    gaps = Gap.objects.filter(symbol__name=symbol, status="open").order_by("first_trade")
    return list(gaps.values_list("first_trade", "last_trade"))


def check(tape: Tape, ticks: list[Tick]) -> None:
    """The tape holds exactly these ticks, their candles and the holes that they leave."""
    assert stored_ticks() == expected_ticks(tape, ticks)
    assert stored_candles() == {key: asdict(candle) for key, candle in minutes(ticks).items()}
    for symbol in tape.numbers:
        assert open_gaps(symbol) == holes(tick for tick in ticks if tick.symbol == symbol)
