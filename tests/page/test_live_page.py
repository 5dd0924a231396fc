"""The page as it is kept open, in a real browser: what is traded comes by itself, and trouble is
told and passes.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from prices.recording.tape import Tape
from tests.support.pages import LISTENER, listeners, live, silent_page
from tests.support.recorded import START, recorded_tape, tick
from tests.support.recorders import PATIENCE, eventually
from tests.support.sites import Site, running_site

pytestmark = pytest.mark.browser

MINUTE = 60_000_000

# A tab that is looked at or not, as the test says.
HIDEABLE = (
    "let hidden = false; Object.defineProperty(document, 'hidden', {get: () => hidden});"
    "window.hide = (so) => { hidden = so; document.dispatchEvent(new Event('visibilitychange')); };"
)


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with django_db_blocker.unblock(), running_site() as site:
        yield site


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        beat(tape)
        yield tape


@pytest.fixture
def page(browser: Browser, site: Site, recorded: Tape) -> Iterator[Page]:
    with silent_page(browser, f"{site.url}/", script=HIDEABLE) as page:
        live(page)
        page.evaluate("window.kept = true")
        yield page
        # It was never loaded anew.
        assert page.evaluate("window.kept")


def beat(tape: Tape, *names: str) -> None:
    tape.heartbeat(names or ["BTCUSDT", "ETHUSDT", "SOLUSDT"], START + timedelta(minutes=2))


def row(page: Page, symbol: str) -> Any:
    return page.locator(f"tr[data-symbol={symbol}]")


def summary(page: Page) -> Any:
    return page.locator("[data-summary]")


class TestTable:
    def test_prices_change_and_nothing_else_moves(self, page: Page, recorded: Tape) -> None:
        before = page.locator(".desk").bounding_box()
        recorded.store([tick("BTCUSDT", 3, "7", MINUTE + 1_000_000), tick("SOLUSDT", 1, "150.25")])
        expect(row(page, "BTCUSDT").locator("[data-text=price]")).to_have_text("7")
        expect(row(page, "BTCUSDT")).to_contain_text("2025-07-03 08:31:36.984239")
        expect(row(page, "BTCUSDT").get_by_text("complete", exact=True)).to_be_visible()
        expect(row(page, "SOLUSDT")).to_contain_text("150.25")
        expect(row(page, "SOLUSDT").get_by_text("waiting")).to_be_hidden()
        assert page.locator(".desk").bounding_box() == before

    def test_a_change_over_a_day_rate_and_lag_are_told(self, page: Page, recorded: Tape) -> None:
        day = 24 * 60 * MINUTE
        recorded.store([tick("SOLUSDT", 1, "200"), tick("SOLUSDT", 2, "150", day)])
        recorded.heartbeat(["SOLUSDT"], START + timedelta(days=1), timedelta(seconds=0.0425))
        expect(row(page, "SOLUSDT").locator(".change")).to_contain_text("\N{MINUS SIGN}25 %")
        expect(row(page, "SOLUSDT").locator(".rate")).to_contain_text("0.1")
        expect(row(page, "SOLUSDT").locator(".lag")).to_have_text("43 ms")

    def test_a_feed_that_is_down_is_told_in_words(self, page: Page, recorded: Tape) -> None:
        beat(recorded)
        expect(summary(page)).to_have_text("All feeds live. 1 gap is open.")
        recorded.withdraw()
        beat(recorded, "ETHUSDT", "SOLUSDT")
        told = (
            "BTCUSDT: the feed has been down since 2025-07-03 08:32:35. Newer trades are "
            "not on the tape yet. 1 gap is open."
        )
        expect(summary(page)).to_have_text(told)
        expect(row(page, "BTCUSDT").get_by_text("down since 2025-07-03 08:32:35")).to_be_visible()
        expect(row(page, "BTCUSDT").get_by_text("unknown", exact=True)).to_be_visible()

    def test_a_gap_that_is_filled_is_open_no_longer(self, page: Page, recorded: Tape) -> None:
        expect(row(page, "ETHUSDT").locator("[data-text=open]")).to_have_text("1")
        recorded.fill("ETHUSDT", [tick("ETHUSDT", n, "2610", 1_000_000) for n in range(11, 20)])
        expect(row(page, "ETHUSDT").locator("[data-text=open]")).to_have_text("0")

    def test_a_symbol_that_is_new_appears_in_its_place(self, page: Page, recorded: Tape) -> None:
        recorded.register(["BUSDUSDT"])
        recorded.store([tick("BUSDUSDT", 1, "0.9998")])
        expect(row(page, "BUSDUSDT")).to_contain_text("0.9998")
        names = page.locator("tbody tr").evaluate_all("(all) => all.map((it) => it.dataset.symbol)")
        assert names == ["BTCUSDT", "BUSDUSDT", "ETHUSDT", "SOLUSDT"]
        options = page.locator("#minmax option").all_inner_texts()
        assert options == names
        assert "BUSDUSDT" in page.locator("#chart-symbol option").all_inner_texts()
        row(page, "BUSDUSDT").get_by_role("button").click()
        expect(page.locator("#chart-symbol")).to_have_value("BUSDUSDT")

    def test_a_symbol_is_shown_in_the_chart_by_its_button(self, page: Page, recorded: Tape) -> None:
        button = row(page, "ETHUSDT").get_by_role("button", name="ETHUSDT")
        expect(button).to_have_attribute("aria-pressed", "false")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        live(page)
        assert [candle["symbol"] for candle in drawn(page)] == ["ETHUSDT"]
        recorded.store([tick("ETHUSDT", 21, "2612", MINUTE)])
        eventually(lambda: len(drawn(page)) == 2)

    def test_many_symbols_can_be_sifted(self, page: Page, recorded: Tape) -> None:
        expect(page.get_by_role("searchbox")).to_be_hidden()
        recorded.register([f"S{n}USDT" for n in range(20)])
        page.get_by_role("searchbox").fill("s1")
        expect(page.locator("tbody tr:visible")).to_have_count(11)


class TestTrouble:
    def test_a_server_that_comes_back_is_heard_again(
        self, browser: Browser, site: Site, recorded: Tape
    ) -> None:
        with running_site() as first, silent_page(browser, f"{first.url}/") as page:
            live(page)
            page.evaluate("window.kept = true")
            first.process.kill()
            expect(summary(page)).to_have_text("The server cannot be reached. Trying again.")
            # Nobody vouches for a price any more.
            expect(row(page, "BTCUSDT").get_by_text("unavailable")).to_be_visible()
            expect(row(page, "BTCUSDT").get_by_text("unknown", exact=True)).to_be_visible()
            recorded.store([tick("BTCUSDT", n, f"{n}.5", n * MINUTE) for n in range(3, 9)])
            with running_site(first.port):
                live(page)
                beat(recorded)
                expect(row(page, "BTCUSDT").locator("[data-text=price]")).to_have_text("8.5")
                expect(summary(page)).to_have_text("All feeds live. 1 gap is open.")
                eventually(lambda: drawn(page) == stored(site))
                assert len(drawn(page)) == 8
                assert page.evaluate("window.kept")
                page.close()

    def test_a_database_that_is_away_is_told(self, page: Page) -> None:
        page.route("**/api/events/**", lambda route: route.abort())
        page.route("**/health", lambda route: route.fulfill(status=503, body="{}"))
        hang_up()
        expect(summary(page)).to_have_text("The database is unavailable. Trying again.")
        page.unroute_all()
        expect(summary(page)).to_contain_text("gap is open.")
        live(page)

    @pytest.mark.usefixtures("recorded")
    def test_a_line_on_which_nothing_comes_is_given_up(self, browser: Browser, site: Site) -> None:
        with silent_page(browser, "about:blank") as page:
            page.clock.install()
            page.goto(f"{site.url}/")
            live(page)
            with page.expect_request("**/api/events/**"):
                page.clock.fast_forward(16_000)
                told = "The server sends no updates. Trying again."
                expect(summary(page)).to_have_text(told)
            live(page)

    def test_a_hidden_tab_holds_no_stream(self, page: Page) -> None:
        assert listeners() == 1
        page.evaluate("hide(true)")
        eventually(lambda: listeners() == 0)
        page.evaluate("hide(false)")
        eventually(lambda: listeners() == 1)


def hang_up() -> None:
    """The site loses its ear."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [LISTENER],
        )


def drawn(page: Page) -> list[Any]:
    """The candles that the chart holds, the newest first."""
    return page.evaluate(
        "() => { const { history } = document.querySelector('#chart').chart;"
        " return history.times.map((time) => history.bodies.get(time)).reverse(); }"
    )


def stored(site: Site) -> list[Any]:
    with urlopen(f"{site.url}/api/candles/?symbol=BTCUSDT", timeout=PATIENCE) as answer:
        return json.load(answer, parse_float=str, parse_int=str)["results"]
