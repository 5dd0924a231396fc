"""Live push: from the frame that the exchange sends until the page's picture with its price is
ready, at 500 ticks a second.

Time counts from the instant at which a frame is due, 3 ms after its trade: how late the exchange is
counts, too. The baseline is websocket-client alone, which gets the same frames in the same seconds.
The page is the site's own, in Chromium. Events are ten a second a symbol at most, and the newest
tick is told: so the age of a price when it is shown is one thing, and how long a tick waits until
it, or a newer one, is shown is another. A picture is ready when the browser has drawn the frame
after the event; when it lights up is for the screen to say.
"""

import statistics
import tempfile
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import websocket
from playwright.sync_api import Page

from prices.exchange.subscription import aggregate_trades
from replay.clock import LAG
from tests.support.browser import find_browser, open_browser, open_page

from .crowd import CYCLE, crowd
from .figures import Table, percentile
from .options import Options
from .tracker import SHIPPED_RATE, Tracker, looped, stay, tracker

RATE = 500

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Copies of the two, so that together they are about as busy as that by themselves.
COPIES = 17

# Seconds. A measurement takes a whole round of the exchange's loop: some minutes of it are busier
# than others.
SECONDS = CYCLE / 1_000_000 * SHIPPED_RATE / RATE
SETTLING_IN = 5
LAST_SHOWN = 1

WATCH = Path(__file__).parent / "watch.js"

# Milliseconds by which the page's clock is ahead of the machine's, seen when the machine's moves
# on.
CLOCK_AHEAD = """() => {
  const before = Date.now();
  let after;
  while ((after = Date.now()) === before);
  return performance.timeOrigin + performance.now() - after;
}"""

# In milliseconds, from when a frame is due.
Ages = dict[str, list[float]]

# What the page noted of a price that it was told.
Told = dict[str, Any]


class Traded(NamedTuple):
    """A tick on the tape: seconds since 1970 of its trade and of its commit."""

    symbol: str
    at: float
    committed: float


def run(options: Options) -> list[Table]:
    with tempfile.TemporaryDirectory(prefix="pricetracker-benchmark-") as folder:
        many = crowd(Path(folder), COPIES)
        speed = RATE / SHIPPED_RATE
        return [
            report(SYMBOLS, [], speed, options.rounds),
            report(tuple(many), list(many.values()), speed / COPIES, options.rounds),
        ]


def report(symbols: Sequence[str], files: Sequence[Path], speed: float, rounds: int) -> Table:
    with (
        tracker(symbols, looped, files, speed) as running,
        open_browser(find_browser() or "chromium") as browser,
    ):
        found = []
        for _ in range(rounds):
            with open_page(browser) as page:
                found.append(measure(running, page, symbols))
    table = Table(
        f"ms since the frame was due, {len(symbols)} symbols",
        ("median", "99 %", "99.9 %", "99 % least", "99 % most", "samples"),
    )
    for name in found[0]:
        ages = [ages[name] for ages in found]
        pooled = [age for each in ages for age in each]
        worst = [percentile(each, 99) for each in ages]
        shares = (percentile(pooled, share) for share in (50, 99, 99.9))
        table.add(name, (*shares, min(worst), max(worst), len(pooled)))
    return table


def measure(running: Tracker, page: Page, symbols: Sequence[str]) -> Ages:
    page.add_init_script(path=WATCH)
    page.goto(f"{running.url}/")
    time.sleep(SETTLING_IN)
    ahead = page.evaluate(CLOCK_AHEAD)
    begins = time.time()
    alone = running.measure(bare, running.exchange.ws_url, symbols, SECONDS)
    ends = time.time() - LAST_SHOWN
    time.sleep(LAST_SHOWN)
    told = first_told(page.evaluate("watched"), begins, ends)
    if not told or not all(each["shown"] for each in told):
        raise RuntimeError(f"Of {len(told)} prices that were told the page did not show all.")
    ticks = running.measure(tape, begins, ends)
    ahead = statistics.median((ahead, page.evaluate(CLOCK_AHEAD)))
    print(f"{len(ticks) / (ends - begins):,.1f} ticks a second, page's clock {ahead:+.3f} ms")
    return {
        "websocket-client alone has it": alone,
        "the recorder commits it": [age(tick.committed, tick.at) for tick in ticks],
        "the page hears of a price": [
            age(each["received"] / 1000, traded_at(each)) for each in told
        ],
        "the picture with a price is ready": [
            age(each["ready"] / 1000, traded_at(each)) for each in told
        ],
        "the picture with a tick, or a newer one, is ready": waits(ticks, told),
    }


def first_told(watched: Sequence[Told], begins: float, ends: float) -> list[Told]:
    """Of each tick that was told: the first time. It is told again when its verdict changes."""
    first: dict[tuple[str, str], Told] = {}
    for each in watched:
        if begins <= traded_at(each) < ends:
            first.setdefault((each["symbol"], each["timestamp"]), each)
    return list(first.values())


def traded_at(told: Told) -> float:
    return datetime.fromisoformat(told["timestamp"]).timestamp()


def age(seen: float, traded: float) -> float:
    return (seen - traded) * 1000 - LAG / 1000


def waits(ticks: Sequence[Traded], told: Sequence[Told]) -> list[float]:
    """The age of each tick when it was shown, or a newer one of its symbol."""
    shown = defaultdict(list)
    for each in told:
        shown[each["symbol"]].append((traded_at(each), each["ready"] / 1000))
    found = []
    for tick in ticks:
        pictures = shown[tick.symbol]
        place = bisect_left(pictures, (tick.at,))
        # The last ticks of the measurement are shown after its end.
        if place < len(pictures):
            found.append(age(pictures[place][1], tick.at))
    return found


# What the children do. Each announces what it has found.


def bare(result: Connection, url: str, symbols: Sequence[str], seconds: float) -> None:
    read = msgspec.json.Decoder(dict[str, Any]).decode
    connection = websocket.create_connection(aggregate_trades(url, symbols).url)
    ages, now, ends = [], 0.0, time.time() + seconds
    while now < ends:
        frame = connection.recv()
        now = time.time()
        ages.append(age(now, read(frame)["data"]["T"] / 1_000_000))
    result.send(ages)
    stay()


def tape(result: Connection, begins: float, ends: float) -> None:
    import django

    django.setup()

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, extract(epoch FROM timestamp)::float8,"
            " extract(epoch FROM pg_xact_commit_timestamp(price.xmin))::float8"
            " FROM prices_price price JOIN prices_symbol symbol ON symbol.id = price.symbol_id"
            " WHERE timestamp >= to_timestamp(%s) AND timestamp < to_timestamp(%s)"
            " ORDER BY symbol_id, first_trade",
            [begins, ends],
        )
        result.send([Traded(*found) for found in cursor.fetchall()])
    stay()
