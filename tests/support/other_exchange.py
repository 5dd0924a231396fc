"""Recordings of made-up markets: the same symbols, under other trade ids and at other prices."""

from pathlib import Path

from prices.exchange.messages import AggTrade, micros
from tests.support.tapes import tick


def trading(
    first: int,
    seconds: float = 0,
    *,
    count: int = 100,
    symbol: str = "BTCUSDT",
    price: str = "100",
    trades: int = 10,
) -> list[AggTrade]:
    """A tick a second, each of some trades, whose ids begin with `first`."""
    return [
        tick(first + n * trades, seconds + n, price, trades=trades, symbol=symbol)
        for n in range(count)
    ]


def record(folder: Path, *ticks: AggTrade) -> Path:
    """A file of one symbol's ticks in the layout of the public archive."""
    path = folder / f"{ticks[0].symbol}-aggTrades-2025-07-03.csv"
    rows = [
        f"{n},{t.price},{t.quantity},{t.first},{t.last},{micros(t.traded)},True,True\n"
        for n, t in enumerate(ticks, 1000)
    ]
    folder.mkdir(exist_ok=True)
    path.write_text("".join(rows), encoding="utf-8")
    return path
