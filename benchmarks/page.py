"""A cold load of the page: when its first content is painted, and what is transferred, by Chromium's own numbers.

Each load is in a fresh profile. The baseline is the site's plainest page, a line of text, in the same run. On loopback bytes cost
nothing: so the same again over a slow line. Then the page is left alone while prices change: nothing may be moved about by that.
"""  # noqa: E501

import time
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from tests.support.browser import DESK, PHONE, find_browser, open_browser, open_page

from .figures import Table, spread
from .options import Options
from .tracker import past, tracker, wandering

SYMBOLS = ("BTCUSDT", "ETHUSDT")

# Seconds: for storing a day's tape before the market moves; from then until all is live; until a
# page has fetched all that it starts with; and for what comes after.
PREPARATION = 30
SETTLING_IN = 5
FETCHED = 3
LEFT_ALONE = 10

KIB = 1 << 10

# A phone far from its mast: bytes a second down and up, and milliseconds there and back.
SLOW = {"downloadThroughput": 200_000, "uploadThroughput": 90_000, "latency": 150}
FAST = {"downloadThroughput": -1, "uploadThroughput": -1, "latency": 0}

# Milliseconds since the navigation began.
PAINTED = """() => new Promise((found) => {
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName("first-contentful-paint");
    if (paint) found(paint.startTime);
  }).observe({ type: "paint", buffered: true });
})"""

MOVES = Path(__file__).parent / "moves.js"


class Wire:
    """What comes over the wire, by what it is for. A stream that has not ended is not counted."""

    def __init__(self, cdp: CDPSession) -> None:
        self.kinds: dict[str, str] = {}
        self.size: Counter[str] = Counter()
        self.requests = 0
        cdp.on("Network.responseReceived", self.begin)
        cdp.on("Network.loadingFinished", self.end)

    def begin(self, event: dict[str, Any]) -> None:
        self.kinds[event["requestId"]] = event["type"]

    def end(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.size[self.kinds[event["requestId"]]] += event["encodedDataLength"]


def run(options: Options) -> list[Table]:
    rounds = options.rounds
    begins = (time.time_ns() // 1_000_000_000 + PREPARATION) * 1_000_000
    with (
        tracker(SYMBOLS, wandering, begins, before=past) as running,
        open_browser(find_browser() or "chromium") as browser,
    ):
        time.sleep(max(0, begins / 1_000_000 - time.time()) + SETTLING_IN)
        page, plain = f"{running.url}/", f"{running.url}/health?format=json"
        # The browser's own first page takes longer than any other.
        load(browser, plain, FAST)
        loads = [
            (load(browser, plain, line), load(browser, page, line))
            for line in (FAST, SLOW)
            for _ in range(rounds)
        ]
        moves = [
            {
                name: figure
                for size, kind in ((DESK, "desk"), (PHONE, "phone"))
                for name, figure in left_alone(browser, page, size, kind).items()
            }
            for _ in range(rounds)
        ]
    tables = []
    for line, found in (("loopback", loads[:rounds]), ("a slow line", loads[rounds:])):
        tables.append(spread(f"a line of text, {line}", [plain for plain, _ in found]))
        tables.append(spread(f"the page, {line}", [page for _, page in found]))
    return [*tables, spread(f"{LEFT_ALONE} seconds of the page while prices change", moves)]


def load(browser: Browser, url: str, line: dict[str, int]) -> dict[str, float]:
    with open_page(browser) as page:
        cdp = page.context.new_cdp_session(page)
        wire = Wire(cdp)
        cdp.send("Network.enable")
        cdp.send("Network.emulateNetworkConditions", {"offline": False, **line})
        page.goto(url)
        painted = page.evaluate(PAINTED)
        page.wait_for_timeout(FETCHED * 1000)
    return {
        "first contentful paint, ms": painted,
        "requests": wire.requests,
        "transferred, KiB": wire.size.total() / KIB,
        **{f"- of that {kind}": size / KIB for kind, size in sorted(wire.size.items())},
    }


def left_alone(browser: Browser, url: str, size: tuple[int, int], kind: str) -> dict[str, float]:
    with open_page(browser, size) as page:
        page.add_init_script(path=MOVES)
        page.goto(url)
        page.wait_for_timeout(FETCHED * 1000)
        before = moves(page)
        page.wait_for_timeout(LEFT_ALONE * 1000)
        after = moves(page)
    return {
        f"{kind}: changes on the page": after["changes"] - before["changes"],
        f"{kind}: layout shift, hundredths": (after["shift"] - before["shift"]) * 100,
        f"{kind}: layout shift until then, hundredths": before["shift"] * 100,
    }


def moves(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate("moves")
    return found
