"""The page on every screen, in a real browser: nothing too wide, nothing that moves, readable by
all, light to load.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from prices.recording.tape import Tape
from tests.support.browser import DESK, PHONE, open_page
from tests.support.pages import ask, live, nobody_reads, silent_page
from tests.support.recorded import START, recorded_tape, tick
from tests.support.recorders import eventually
from tests.support.sites import running_site

pytestmark = pytest.mark.browser

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]

# Bytes of all that a first visit fetches.
LIGHT = 150 * 1024

# What moves on the screen, from now on.
WATCH = """
window.shifts = [];
const told = ({value, sources}) => [value, ...sources.map(({node}) => node?.outerHTML ?? node?.textContent)];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(told))).observe({type: "layout-shift"});
"""  # noqa: E501


# Until what was shown has been measured, too.
SEEN = "new Promise((seen) => setTimeout(seen, 1000))"


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), running_site() as site:
        yield f"{site.url}/"


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        tape.heartbeat(SYMBOLS, START + timedelta(minutes=2))
        yield tape


@pytest.fixture
def page(browser: Browser, site: str, recorded: Tape) -> Iterator[Page]:
    with silent_page(browser, site) as page:
        live(page)
        yield page


def ask_all(page: Page) -> None:
    """Each question, one of them wrong."""
    ask(page, "latest", symbol="ETHUSDT")
    ask(page, "price-at-second", symbol="BTCUSDT", timestamp="2025-07-03T08:31:36.123456")
    expect(page.locator("#price-at-second [data-answer]")).to_be_visible()
    ask(page, "price-at-second", timestamp="yesterday")
    section = ask(page, "minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30")
    expect(section).to_contain_text("2611.82")


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("script", [True, False])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, site: str, scheme: str, script: bool
) -> None:
    options = {"java_script_enabled": script, "color_scheme": scheme}
    with silent_page(browser, site, **options) as page:
        if script:
            live(page)
            ask_all(page)
        else:
            section = ask(page, "minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30")
            expect(section).to_contain_text("2611.82")
        for width in (320, 390, 740, 1000, 1216, 1280, 1600):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_it_can_be_read_by_all(
    browser: Browser, site: str, size: tuple[int, int], scheme: str
) -> None:
    with silent_page(browser, site, size, color_scheme=scheme) as page:
        live(page)
        assert violations(page) == []
        ask_all(page)
        expect(page.locator("#price-at-second [data-error=timestamp]")).to_be_visible()
        assert violations(page) == []


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds, and where."""
    found = Axe().run(page).response["violations"]
    return [(each["id"], node["html"]) for each in found for node in each["nodes"]]


@pytest.mark.usefixtures("transactional_db")
def test_an_empty_tape_can_be_read_by_all(browser: Browser, site: str) -> None:
    with silent_page(browser, site) as page:
        expect(page.get_by_text("The tape is empty")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_nothing_moves_while_prices_do(
    browser: Browser, site: str, recorded: Tape, size: tuple[int, int]
) -> None:
    with silent_page(browser, site, size) as page:
        live(page)
        page.evaluate(WATCH)
        price = page.locator("[data-symbol=BTCUSDT] [data-text=price]")
        for n, worth in enumerate(["7", "61928.31", "0.00000001", "1034567890.12345678"], 3):
            recorded.store([tick("BTCUSDT", n, worth, (n - 1) * 60_000_000 + n % 2)])
            expect(price).to_have_text(worth)
            recorded.heartbeat(SYMBOLS, START + timedelta(minutes=n))
        page.evaluate(SEEN)
        assert page.evaluate("shifts") == []


def test_nothing_moves_when_a_feed_goes_down(page: Page, recorded: Tape) -> None:
    recorded.heartbeat(SYMBOLS, START + timedelta(minutes=2))
    expect(page.get_by_text("All feeds live")).to_be_visible()
    page.evaluate(WATCH)
    recorded.withdraw()
    recorded.heartbeat(SYMBOLS[1:], START + timedelta(minutes=2))
    expect(page.locator("[data-summary]")).to_contain_text("BTCUSDT: the feed has been down since")
    page.evaluate(SEEN)
    assert page.evaluate("shifts") == []


@pytest.mark.usefixtures("recorded")
def test_a_first_visit_is_light(browser: Browser, site: str) -> None:
    with silent_page(browser, "about:blank") as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        received: list[float] = []
        network.on(
            "Network.loadingFinished", lambda file: received.append(file["encodedDataLength"])
        )
        page.goto(site)
        live(page)
        # The page, its script, its style sheet and the chart library, at least.
        assert len(received) > 4
        assert sum(received) < LIGHT


def test_dark_is_dark(browser: Browser, site: str, recorded: Tape) -> None:
    with silent_page(browser, site, color_scheme="dark") as page:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(13, 24, 27)"


@pytest.mark.usefixtures("recorded")
def test_foreign_code_does_not_run_and_that_is_told(browser: Browser, site: str) -> None:
    said: list[str] = []
    with open_page(browser) as page:
        page.on("console", lambda line: said.append(line.text))
        page.goto(site)
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), "
            "{text: 'window.ran = true'}))"
        )
        assert page.evaluate("window.ran") is None
        assert "Content Security Policy" in said[0]
    eventually(nobody_reads)


def test_the_keyboard_reaches_and_sends_a_form(page: Page) -> None:
    page.locator("#price-at-second [name=symbol]").focus()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#price-at-second [data-answer]")).to_be_visible()


def test_the_first_key_offers_to_skip_to_the_prices(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the prices")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
