"""The page in a real browser, with its script and without."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, Route, expect

from prices.recording.tape import Tape
from prices.wording import shown, spell
from tests.browser import DESK, PHONE, find_browser, open_browser, open_page
from tests.recorded import START, recorded_tape, tick
from tests.recorders import eventually

pytestmark = pytest.mark.browser

ASKED = "price-at-second"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        why = "No Chromium, Chrome or Edge was found; the variable CHROMIUM can name one."
        # Where all is meant to be tested, a skip would pass for a success.
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    with pytest.MonkeyPatch.context() as patch, open_browser(program) as browser:
        # Playwright runs an event loop in this thread, which is why Django would refuse the ORM here. No coroutine of
        # ours runs in it, so nothing can be blocked.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape


@pytest.fixture
def site(recorded: Tape, live_server: Any) -> Iterator[str]:
    yield live_server.url
    # What a page asked for that is closed by now may still be read: the tables cannot be emptied meanwhile.
    eventually(nobody_reads)


def nobody_reads() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return cursor.fetchone() == (0,)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with open_page(browser) as page:
        page.goto(site)
        yield page


def ask(page: Page, question: str, **typed: str) -> Any:
    """Fill in a form and send it; its section."""
    section = page.locator(f"#{question}")
    for name, value in typed.items():
        field = section.locator(f"[name={name}]")
        field.select_option(value) if name == "symbol" else field.fill(value)
    section.get_by_role("button", name="Ask").click()
    return section


def test_questions_are_answered_without_a_script(browser: Browser, site: str) -> None:
    with open_page(browser, java_script_enabled=False) as page:
        page.goto(site)
        section = ask(page, ASKED, symbol="BTCUSDT", timestamp="2025-07-03T08:30:36")
        expect(section).to_contain_text("61928.31")
        assert page.url.endswith(f"#{ASKED}")
        expect(ask(page, "latest", symbol="ETHUSDT")).to_contain_text("2609.47")
        section = ask(page, "minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30")
        expect(section).to_contain_text("A known hole touches what was asked")


class TestAnswersInPlace:
    @pytest.mark.parametrize(
        ("question", "typed"),
        [
            ("latest", {"symbol": "BTCUSDT"}),
            (ASKED, {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36"}),
            (ASKED, {"symbol": "BTCUSDT", "timestamp": "1751531400"}),
            ("minmax", {"symbol": "ETHUSDT", "timestamp": "2025-07-03T10:30+02:00"}),
            # More digits than a JavaScript number holds.
            ("minmax", {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:31"}),
            ("minmax", {"symbol": "SOLUSDT", "timestamp": "2025-07-03T08:31"}),
        ],
    )
    def test_they_read_as_those_of_the_server(
        self, page: Page, question: str, typed: dict[str, str]
    ) -> None:
        page.evaluate("window.kept = true")
        section = ask(page, question, **typed)
        expect(section.locator("[data-answer]")).to_be_visible()
        in_place = section.inner_text()
        link = section.get_by_role("link").get_attribute("href")
        assert page.evaluate("window.kept")
        # The address asks the same again.
        page.reload()
        assert page.evaluate("window.kept") is None
        expect(section.locator("[data-answer]")).to_be_visible()
        assert section.inner_text() == in_place
        assert section.get_by_role("link").get_attribute("href") == link

    def test_what_is_wrong_is_told_beside_the_field(self, page: Page) -> None:
        section = ask(page, ASKED, timestamp="yesterday")
        expect(section.locator("[data-error=timestamp]")).to_contain_text("+02:00")
        expect(section.locator("[name=timestamp]")).to_have_attribute("aria-invalid", "true")
        expect(section.locator("[data-answer]")).to_be_hidden()
        ask(page, ASKED, timestamp="2025-07-03T08:30:36")
        expect(section.locator("[data-error=timestamp]")).to_be_hidden()
        expect(section.locator("[data-answer]")).to_be_visible()

    def test_a_server_that_is_away_is_told(self, page: Page) -> None:
        page.route("**/minmax?*", lambda route: route.abort())
        section = ask(page, "minmax")
        expect(section.locator("[data-error=server]")).to_have_text("The server cannot be reached.")

    def test_only_the_last_question_counts(self, page: Page) -> None:
        held: list[Route] = []
        page.route("**/latest?symbol=BTC*", lambda route: held.append(route))
        ask(page, "latest", symbol="BTCUSDT")
        section = ask(page, "latest", symbol="ETHUSDT")
        expect(section).to_contain_text("2609.47")
        with page.expect_response("**/latest?symbol=BTC*"):
            held[0].continue_()
        expect(section).to_contain_text("2609.47")

    def test_the_calendar_fills_the_field(self, page: Page) -> None:
        section = page.locator(f"#{ASKED}")
        section.get_by_role("button", name="Pick").click()
        picker = section.locator("[type=datetime-local]")
        assert picker.input_value() == "2025-07-03T08:31:35"
        picker.evaluate(
            "(it) => { it.value = '2025-07-03T08:30:36'; it.dispatchEvent(new Event('input')); }"
        )
        assert section.locator("[name=timestamp]").input_value() == "2025-07-03T08:30:36"


class TestLatest:
    def test_prices_are_refreshed_and_nothing_moves(self, page: Page, recorded: Tape) -> None:
        questions = page.locator(".questions")
        expect(page.locator("[data-refresh]")).to_have_text("Refreshed every second.")
        before = questions.bounding_box()
        recorded.store([tick("BTCUSDT", 3, "7", 61_000_000), tick("SOLUSDT", 1, "150.25")])
        recorded.heartbeat(["BTCUSDT"], START + timedelta(minutes=2))
        row = page.locator("[data-symbol=BTCUSDT]")
        expect(row.locator("[data-text=price]")).to_have_text("7")
        expect(row).to_contain_text("2025-07-03 08:31:36.984239")
        expect(row.get_by_text("complete", exact=True)).to_be_visible()
        expect(page.get_by_text("waiting for the first trade")).to_have_count(3)
        expect(page.locator("[data-symbol=SOLUSDT]").get_by_text("waiting")).to_be_hidden()
        assert questions.bounding_box() == before

    def test_trouble_is_told_and_passes_by_itself(self, page: Page, recorded: Tape) -> None:
        recorded.heartbeat(["BTCUSDT"], START + timedelta(minutes=2))
        live = page.locator("[data-symbol=BTCUSDT] .live")
        status = page.locator("[data-refresh]")
        expect(live).to_be_visible()
        page.route("**/latest?*", lambda route: route.abort())
        expect(status).to_have_text("The server cannot be reached. Trying again.")
        # Nobody vouches for a price any more.
        expect(live).to_be_hidden()
        page.unroute("**/latest?*")
        page.route("**/latest?*", lambda route: route.fulfill(status=503))
        expect(status).to_have_text("The server is in trouble (503). Trying again.")
        page.unroute("**/latest?*")
        expect(status).to_have_text("Refreshed every second.")

    def test_a_symbol_that_is_new_appears(self, page: Page, recorded: Tape) -> None:
        recorded.register(["ADAUSDT"])
        recorded.store([tick("ADAUSDT", 1, "0.58")])
        expect(page.locator("[data-symbol=ADAUSDT]")).to_contain_text("0.58")

    def test_a_hidden_tab_asks_nothing(self, browser: Browser, site: str) -> None:
        with open_page(browser) as page:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.clock.install()
            page.add_init_script(
                "let hidden = true; Object.defineProperty(document, 'hidden', {get: () => hidden});"
                "window.show = () => { hidden = false; document.dispatchEvent(new Event('visibilitychange')); };"
            )
            page.goto(site)
            page.clock.run_for(60_000)
            assert not [url for url in asked if "/latest?" in url]
            with page.expect_request("**/latest?*"):
                page.evaluate("show()")


class TestEveryScreen:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", [(320, 640), PHONE, (740, 900), DESK, (1600, 900)])
    @pytest.mark.parametrize("script", [True, False])
    def test_nothing_is_wider_and_the_console_is_silent(
        self, browser: Browser, site: str, size: tuple[int, int], scheme: str, script: bool
    ) -> None:
        with open_page(browser, size, java_script_enabled=script, color_scheme=scheme) as page:
            said: list[str] = []
            page.on("console", lambda line: said.append(line.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(site)
            ask(page, ASKED, symbol="BTCUSDT", timestamp="2025-07-03T08:31:36.123456")
            section = ask(page, "minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30")
            expect(section).to_contain_text("2611.82")
            assert page.evaluate("document.documentElement.scrollWidth") == size[0]
            assert not said

    def test_dark_is_dark(self, browser: Browser, site: str) -> None:
        with open_page(browser, color_scheme="dark") as page:
            page.goto(site)
            assert (
                page.evaluate("getComputedStyle(document.body).backgroundColor")
                == "rgb(13, 24, 27)"
            )

    def test_foreign_code_does_not_run(self, page: Page) -> None:
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))"
        )
        assert page.evaluate("window.ran") is None

    def test_the_keyboard_reaches_and_sends_a_form(self, page: Page) -> None:
        page.locator(f"#{ASKED} [name=symbol]").focus()
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        expect(page.locator(f"#{ASKED} [data-answer]")).to_be_visible()


class TestSameWords:
    """What the server says without a script the script says too."""

    @pytest.mark.parametrize(
        "instant",
        [
            "2025-07-03T08:30",
            "2025-07-03T08:30:36.5Z",
            "2025-07-03 10:30:36.984239+02:00",
            "2025-07-03T10:30:36,984239123+0200",
            "2025-07-03",
            "1751531436",
            "1751531436984",
            "1751531436984239",
            "-1",
            "-1751531436984239",
            "1969-12-31T23:59:59.999999Z",
        ],
    )
    def test_instants(self, page: Page, instant: str) -> None:
        script = "async (text) => (await import('/static/prices/instants.js')).shown(text)"
        assert page.evaluate(script, instant) == shown(instant)

    @pytest.mark.parametrize("micros", [0, 1, 15_761, 60_000_000, 3_599_999_999, 90_061_500_000])
    def test_lengths_of_time(self, page: Page, micros: int) -> None:
        script = "async (to) => (await import('/static/prices/instants.js')).between('100000000000000', to)"
        later = str(100_000_000_000_000 + micros)
        assert page.evaluate(script, later) == spell(timedelta(microseconds=micros))

    def test_numbers_keep_their_digits_and_strings_their_content(self, page: Page) -> None:
        script = "async (json) => (await import('/static/prices/exact.js')).parse(json)"
        json = r'{"a": 12345678901.12345678, "b": [0.10, -1e-7, null], "c": "1 \" 2", "3": "\\"}'
        assert page.evaluate(script, json) == {
            "a": "12345678901.12345678",
            "b": ["0.10", "-1e-7", None],
            "c": '1 " 2',
            "3": "\\",
        }
