"""`python -m tests.screenshots`: the pictures of the page in docs/screenshots, from a real
Chromium.

Exchange, recorder and site run as they do for anybody, on a tape in a throw-away home. What was
traded is made by a seed and leads up to the present: so prices are the same each time, and the time
of the day is not.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from prices.minutes import EPOCH, minute_start
from prices.recording.session import connect
from prices.recording.tape import Hole, Tape
from pricetracker.postgres import hold
from replay.exchange import Exchange
from replay.faults.fault import Fault
from replay.ledger import Ledger
from replay.server import running
from tests.support.browser import PHONE, find_browser, open_browser, open_page
from tests.support.local_exchange import Running
from tests.support.market import Held, fill, market
from tests.support.recorders import recorder
from tests.support.sites import running_site

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"

SEED = 23

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Seconds in which the past is stored and the recorder comes, before the market begins to move.
PREPARATION = 30

# Seconds until the figures of the last ten seconds are there.
SETTLING_IN = 12

# Minutes before the present in which a gap begins, and how long it is: one that the exchange does
# not fill, and one that it does.
OPEN = (44, 6)
MENDED = (22, 5)

# Room for the chart with its time axis.
WIDE = (1280, 1000)

# Of the chart's width and height: where it is clicked.
CLICKED = (0.6, 0.5)

# Whoever looks at the pictures has another zone and language than whoever makes them; and nothing
# is caught half lit.
READER = {"locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    # Playwright runs an event loop in this thread, but no coroutine of ours runs in it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    django.setup()
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        call_command("migrate", verbosity=0)
        with (
            a_day_of_trades() as (exchange, tape),
            running_site() as site,
            recorder(exchange, *SYMBOLS),
            open_browser(find_browser() or "chromium") as browser,
        ):
            wait_for(exchange)
            take_all(browser, f"{site.url}/", exchange.exchange, tape)
    finally:
        hold.on(settings.PRICETRACKER_HOME / "postgres").release(timeout=60)
        shutil.rmtree(settings.PRICETRACKER_HOME)


@contextmanager
def a_day_of_trades() -> Iterator[tuple[Running, Tape]]:
    """A tape that is whole up to an instant ahead, and an exchange that goes on from there when it
    has come.
    """
    begins = (time.time_ns() // 1_000_000_000 + PREPARATION) * 1_000_000
    recordings = market(begins, SEED)
    exchange = Exchange(Ledger(recordings), Held(begins))
    tape = Tape(connect("screenshots"))
    tape.register(SYMBOLS)
    fill(tape, recordings, begins)
    with running(exchange) as at:
        yield Running(at.ws_url, at.rest_url, exchange), tape
    tape.close()


def wait_for(exchange: Running) -> None:
    """Until the market has moved for a while."""
    moves = exchange.exchange.clock.until / 1_000_000
    time.sleep(max(0, moves - time.time()) + SETTLING_IN)


def take_all(browser: Browser, url: str, exchange: Exchange, tape: Tape) -> None:
    with opened(browser, url, WIDE) as page:
        ask(page)
        take(page, "desk")
    with opened(browser, url, WIDE, color_scheme="dark") as page:
        ask(page)
        take(page, "dark")
    with opened(browser, url, PHONE, device_scale_factor=2) as page:
        take(page, "phone")
    lose(exchange, tape, OPEN, back=False)
    lose(exchange, tape, MENDED, back=True)
    with opened(browser, url, WIDE) as page:
        page.wait_for_selector("[data-gaps-in-view] .repaired")
        take(page, "gap")
        cut_off(exchange)
        for symbol in SYMBOLS:
            page.wait_for_selector(f"[data-symbol={symbol}] .feed [data-show=down]:visible")
        take(page, "feed-down")


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int], **options: object) -> Iterator[Page]:
    """The page, when its chart is drawn and its figures have come."""
    with open_page(browser, size, **READER | options) as page:
        page.goto(url)
        page.wait_for_selector("#chart[data-state=ready]")
        page.wait_for_selector("[data-symbol] .feed [data-show=live]:visible")
        yield page


def take(page: Page, name: str) -> None:
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=FOLDER / f"{name}.png")


def ask(page: Page) -> None:
    """Click on a candle, and wait for the answers."""
    plot = page.locator("[data-plot]")
    size = plot.bounding_box()
    assert size
    across, down = CLICKED
    plot.click(position={"x": size["width"] * across, "y": size["height"] * down})
    for question in ("price-at-second", "minmax"):
        page.wait_for_selector(f"#{question} [data-answer]:visible")
    page.mouse.move(0, 0)


def lose(exchange: Exchange, tape: Tape, span: tuple[int, int], *, back: bool) -> None:
    """Take some minutes off the tape, as if they had been missed. `back`: the exchange fills them
    when it is asked.
    """
    symbol = SYMBOLS[0]
    market = exchange.ledger.markets[symbol]
    minutes_ago, long = span
    starts = minute_start(datetime.now(UTC)) - timedelta(minutes=minutes_ago)
    ends = starts + timedelta(minutes=long)
    lost = list(market.ticks(*(market.count_before(micros(each)) for each in (starts, ends))))
    first, last = lost[0].first_id, lost[-1].last_id
    if not back:
        ids = {"first": str(first), "last": str(last)}
        exchange.faults.add(Fault(name="rest-omit", symbol=symbol, options=ids), now=True)
    number = tape.numbers[symbol]
    tape.database.execute(
        "DELETE FROM prices_price WHERE symbol_id = %s AND first_trade BETWEEN %s AND %s",
        [number, first, last],
    )
    tape.refold(symbol, [starts + timedelta(minutes=minute) for minute in range(long)])
    tape.note(symbol, [Hole(first, last, starts, ends)])


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def cut_off(exchange: Exchange) -> None:
    """From now on the exchange can no longer be reached."""
    exchange.faults.add(Fault(name="refuse", options={"status": "503"}), now=True)
    exchange.faults.add(Fault(name="rest-down"), now=True)
    exchange.faults.add(Fault(name="reset"), now=True)


if __name__ == "__main__":
    main()
