"""A crowd of symbols: the shipped recordings under many names, so that each is as busy as a real
one.
"""

import heapq
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path

from prices.exchange.messages import AggTrade
from replay import archive, ledger
from replay.clock import LAG
from replay.recording import Recording

# Microseconds from one round of the exchange's loop to the next: the recordings take eleven
# minutes, whole ones.
CYCLE = 660_000_000

# Copies of the two that make 400 symbols.
MANY = 200


def crowd(folder: Path, copies: int) -> dict[str, Path]:
    """Recordings for the local exchange, by symbol: so many copies of each, none at the same place
    of it at one time.
    """
    found = {}
    recordings = archive.read(archive.shipped())
    begins = min(recording.times[0] for recording in recordings)
    for recording in recordings:
        for number in range(copies):
            symbol = f"{recording.symbol.removesuffix('USDT')}{number:02}USDT"
            found[symbol] = folder / f"{symbol}-aggTrades-2024-08-08.csv"
            rows = turned(recording, begins, CYCLE * number // copies)
            found[symbol].write_text("".join(rows), encoding="utf-8")
    return found


def turned(recording: Recording, begins: int, by: int) -> Iterator[str]:
    """The rows of a recording that begins so many microseconds later, and ends with what it leaves
    out there.
    """
    times = [(time - begins - by) % CYCLE + begins for time in recording.times]
    trade = 1
    for number, row in enumerate(sorted(range(len(times)), key=lambda row: (times[row], row))):
        trades = recording.last_ids[row] - recording.first_ids[row] + 1
        cells = (recording.prices[row], recording.quantities[row], trade, trade + trades - 1)
        maker = bool(recording.flags[row] & 1)
        yield f"{number},{','.join(map(str, cells))},{times[row]},{maker},True\n"
        trade += trades


def traded(files: Iterable[Path] = ()) -> Iterator[AggTrade]:
    """The ticks of some recordings, or of those that ship, as they are understood: all symbols in
    the order of time, for ever.
    """
    markets = ledger.Ledger(archive.read(list(files) or archive.shipped()), loop=True).markets
    streams = [understood(market) for market in markets.values()]
    return heapq.merge(*streams, key=attrgetter("traded"))


def understood(market: ledger.Market, since: int = 0) -> Iterator[AggTrade]:
    """From the tick of that number on."""
    for tick in market.ticks(since, market.size):
        yield AggTrade(
            market.symbol,
            tick.first_id,
            tick.last_id,
            tick.price,
            tick.quantity,
            tick.time,
            tick.time + LAG,
            tick.buyer_maker,
        )
