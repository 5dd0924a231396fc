"""Freshness: from the frame that the exchange sends until others can read its tick, at 100, 1,000
and 10,000 ticks a second.

Time counts from the instant at which a frame is due, 3 ms after its trade: how late the exchange is
counts, too. The baseline is websocket-client alone, which gets the same frames in the same seconds
on a connection of its own; what the recorder adds is the difference, tick by tick. PostgreSQL notes
when a commit began; its rows are visible once that is safe on disk. When that is another session
shows, which reads the newest ticks each time that it is told of a commit: what its reading takes is
in the figure, too.
"""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter

from replay.clock import LAG

from .crowd import CYCLE
from .figures import Table, percentile, spread
from .options import Options
from .tracker import SHIPPED_RATE, Recording, looped, recording
from .witnesses import Look, Traded, committed, hearing, looking, tracked

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Ticks a second, of both symbols together.
RATES = (100, 1_000, 10_000)

# Seconds until all is under way; and for the last commits of a measurement.
SETTLING_IN = 5
LAST_COMMITTED = 3

ALONE = "websocket-client alone has it"

COLUMNS = ("median", "99 %", "99.9 %", "99 % least", "99 % most", "samples")

# In milliseconds.
Ages = dict[str, list[float]]


def run(options: Options) -> list[Table]:
    tables = []
    for rate in RATES:
        with recording(SYMBOLS, looped, (), rate / SHIPPED_RATE) as running:
            if not running.measure(tracked):
                print("Freshness cannot be told: PostgreSQL's track_commit_timestamp is off.")
                return []
            time.sleep(SETTLING_IN)
            # A whole round of the exchange's loop: some stretches of the recordings are much busier
            # than others.
            seconds = max(options.seconds, CYCLE / 1_000_000 * SHIPPED_RATE / rate)
            rounds = [measure(running, seconds) for _ in range(options.rounds)]
            tables.append(report(rate, rounds))
            seen = [{"ticks a second": len(ages[ALONE]) / seconds} for ages in rounds]
            tables.append(spread(f"meanwhile, {rate:,} ticks a second wanted", seen))
    return tables


def report(rate: int, rounds: Sequence[Ages], how: str = "") -> Table:
    table = Table(f"freshness {how}at {rate:,} ticks a second, ms", COLUMNS)
    for name in rounds[0]:
        pooled = [age for ages in rounds for age in ages[name]]
        worst = [percentile(ages[name], 99) for ages in rounds]
        shares = (percentile(pooled, share) for share in (50, 99, 99.9))
        table.add(name, (*shares, min(worst), max(worst), len(pooled)))
    return table


def measure(running: Recording, seconds: float) -> Ages:
    with ThreadPoolExecutor() as pool:
        begins = time.time()
        # It begins to look before the other hears, and ends after that.
        looks = pool.submit(running.measure, looking, seconds + SETTLING_IN + LAST_COMMITTED)
        time.sleep(SETTLING_IN)
        heard = running.measure(hearing, running.exchange.ws_url, SYMBOLS, seconds)
        ends = time.time()
        looked = looks.result()
    ticks: list[Traded] = running.measure(committed, begins, ends)
    joined = [(heard[tick[:2]], tick) for tick in ticks if tick[:2] in heard]
    if len(joined) < len(heard):
        raise RuntimeError(f"Of {len(heard)} ticks that were sent only {len(joined)} are stored.")
    read = list(seen(joined, looked))
    if len(read) < len(joined):
        raise RuntimeError(f"Of {len(joined)} ticks another session has seen only {len(read)}.")
    return {
        ALONE: [age(had, tick.at) for had, tick in joined],
        "the recorder begins its commit": [age(tick.committed, tick.at) for _, tick in joined],
        "another session has read it": [age(at, tick.at) for _, tick, at in read],
        "that is, later than websocket-client alone": [(at - had) * 1000 for had, _, at in read],
    }


def age(had: float, traded: float) -> float:
    return (had - traded) * 1000 - LAG / 1000


def seen(
    joined: Sequence[tuple[float, Traded]], looks: Sequence[Look]
) -> Iterator[tuple[float, Traded, float]]:
    """With the instant at which another session had read each tick, or a newer one of its
    symbol.
    """
    by_symbol = defaultdict(list)
    for look in looks:
        by_symbol[look.symbol].append(look)
    for had, tick in joined:
        stretch = by_symbol[tick.symbol]
        place = bisect_left(stretch, tick.first, key=attrgetter("newest"))
        # What the first look finds may have been there for long.
        if 0 < place < len(stretch):
            yield had, tick, stretch[place].at
