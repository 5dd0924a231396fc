"""Tapes for tests: made-up and recorded ticks, and a plain model of what the tape should hold."""

import csv
import gzip
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path

from django.db import connection

from prices.candle_intervals import KEPT
from prices.exchange.messages import AggTrade, micros
from prices.models import Candle, CoarseCandle, Gap, Price
from prices.recording.session import connect
from prices.recording.tape import Tape

# Every writer lock there may be, those of the next symbols too, for as long as a transaction lasts.
TAKE_LOCKS = """
SELECT count(pg_advisory_xact_lock(x'70726963'::integer, number))
FROM prices_symbol_id_seq, generate_series(greatest(last_value - 20, 1)::integer, last_value::integer + 20) AS number
"""  # noqa: E501

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
    side: bool | None = None,
) -> AggTrade:
    """`side`: whether the buyer was the maker; None: not told."""
    time = at(seconds)
    return AggTrade(symbol, first, first + trades - 1, price, quantity, time, time + 3_000, side)


def recorded(path: Path) -> list[AggTrade]:
    """The ticks of a file in the layout of the public archive, in its own unit of time."""
    symbol = path.name.split("-")[0]
    with gzip.open(path, "rt", newline="", encoding="utf-8") as lines:
        return [
            AggTrade(
                symbol, int(first), int(last), price, quantity, int(time), int(time), m == "True"
            )
            for _, price, quantity, first, last, time, m, *_ in csv.reader(lines)
        ]


@contextmanager
def open_tape(*symbols: str) -> Iterator[Tape]:
    """A tape over a connection of its own, as in a recorder; in a test that rolls back, over the
    test's connection.
    """
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
    quote_volume: Decimal
    taker_buy_volume: Decimal | None
    taker_buy_quote_volume: Decimal | None


# Of a quote volume, which Python would round to 28 digits.
DIGITS = Context(prec=100)


def minutes(ticks: Iterable[AggTrade]) -> dict[tuple[str, datetime], Minute]:
    """The candles of the minutes of some ticks."""
    return candles_of(ticks, binned(1))


def binned(minutes: int) -> Callable[[datetime], datetime]:
    """Where the interval of so many minutes begins in which an instant lies, counted from 1970."""
    length = timedelta(minutes=minutes)
    return lambda moment: EPOCH + (moment - EPOCH) // length * length


def begin(interval: str, moment: datetime) -> datetime:
    """Where one of Binance's intervals begins, by the book."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "1M":
        return midnight.replace(day=1)
    if interval == "1w":
        return midnight - timedelta(days=midnight.weekday())
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[interval[-1]]
    length = timedelta(**{unit: int(interval[:-1])})
    return EPOCH + (moment - EPOCH) // length * length


def candles_of(
    ticks: Iterable[AggTrade], start: Callable[[datetime], datetime]
) -> dict[tuple[str, datetime], Minute]:
    """The candles of some ticks, each tick once, by the book: grouped by interval, in order of
    trade id.
    """
    once = {(tick.symbol, tick.first): tick for tick in ticks}
    candles: dict[tuple[str, datetime], Minute] = {}
    for _, tick in sorted(once.items()):
        price, quantity = Decimal(tick.price), Decimal(tick.quantity)
        quote = DIGITS.multiply(price, quantity)
        minute = start(instant(micros(tick.traded)))
        candle = candles.setdefault(
            (tick.symbol, minute),
            Minute(price, price, price, price, Decimal(0), 0, *[Decimal(0)] * 3),
        )
        candle.high, candle.low = max(candle.high, price), min(candle.low, price)
        candle.close = price
        candle.volume += quantity
        candle.trades += tick.last - tick.first + 1
        candle.quote_volume = DIGITS.add(candle.quote_volume, quote)
        if tick.is_buyer_maker is None or candle.taker_buy_volume is None:
            candle.taker_buy_volume = candle.taker_buy_quote_volume = None
        elif not tick.is_buyer_maker:
            candle.taker_buy_volume += quantity
            candle.taker_buy_quote_volume = DIGITS.add(candle.taker_buy_quote_volume, quote)
    return candles


def holes(ticks: Iterable[AggTrade]) -> list[tuple[int, int]]:
    """The trade ids that one symbol's ticks leave out between the first and the last: (first, last)
    of each hole.
    """
    known = sorted({(tick.first, tick.last) for tick in ticks})
    pairs = itertools.pairwise(known)
    return [(last + 1, first - 1) for (_, last), (first, _) in pairs if first > last + 1]


def clear(tape: Tape) -> None:
    tape.database.execute("TRUNCATE prices_price, prices_candle, prices_coarsecandle, prices_gap")


def stored_ticks() -> list[tuple]:
    rows = Price.objects.order_by("pk").values_list(
        "symbol", "first_trade", "timestamp", "trades", "price", "quantity", "is_buyer_maker"
    )
    return list(rows)


def expected_ticks(tape: Tape, ticks: list[AggTrade]) -> list[tuple]:
    return sorted(
        {
            (
                tape.numbers[tick.symbol],
                tick.first,
                instant(micros(tick.traded)),
                tick.last - tick.first + 1,
                Decimal(tick.price),
                Decimal(tick.quantity),
                tick.is_buyer_maker,
            )
            for tick in ticks
        }
    )


def stored_candles() -> dict:
    columns = [field.name for field in fields(Minute)]
    return {
        (candle.symbol.name, candle.minute): {name: getattr(candle, name) for name in columns}
        for candle in Candle.objects.select_related("symbol")
    }


def closed_candles(ticks: list[AggTrade]) -> dict:
    """The coarse candles of some ticks, by symbol, minutes and instant: of closed intervals, by the
    book.
    """
    newest = {
        tick.symbol: instant(micros(tick.traded))
        for tick in sorted(ticks, key=lambda tick: micros(tick.traded))
    }
    return {
        (symbol, width, begins): asdict(candle)
        for width, _ in KEPT
        for (symbol, begins), candle in candles_of(ticks, binned(width)).items()
        if begins < binned(width)(newest[symbol])
    }


def stored_coarse_candles() -> dict:
    columns = [field.name for field in fields(Minute)]
    return {
        (candle.symbol.name, candle.minutes, candle.minute): {
            name: getattr(candle, name) for name in columns
        }
        for candle in CoarseCandle.objects.select_related("symbol")
    }


def open_gaps(symbol: str = "BTCUSDT") -> list[tuple[int, int]]:
    gaps = Gap.objects.filter(symbol__name=symbol, status="open").order_by("first_trade")
    return list(gaps.values_list("first_trade", "last_trade"))


def check(tape: Tape, ticks: list[AggTrade]) -> None:
    """The tape holds exactly these ticks, their candles and the holes that they leave."""
    assert stored_ticks() == expected_ticks(tape, ticks)
    assert stored_candles() == {key: asdict(candle) for key, candle in minutes(ticks).items()}
    assert stored_coarse_candles() == closed_candles(ticks)
    for symbol in tape.numbers:
        assert open_gaps(symbol) == holes(tick for tick in ticks if tick.symbol == symbol)
