"""The three questions in a real browser, with its script and without."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from prices.formats.instants import parse
from prices.page.wording import delay, of_change, shown, spell
from prices.recording.tape import Tape
from tests.support.browser import open_page
from tests.support.pages import ask, live, silent_page
from tests.support.recorded import recorded_tape
from tests.support.sites import running_site

pytestmark = pytest.mark.browser

ASKED = "price-at-second"


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), running_site() as site:
        yield f"{site.url}/"


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape


@pytest.fixture
def page(browser: Browser, site: str, recorded: Tape) -> Iterator[Page]:
    with silent_page(browser, site) as page:
        live(page)
        yield page


def said(section: Locator) -> tuple[str, str | None, str | None]:
    """A section as it reads, but for the age, which grows; where its link leads; and what can be
    copied.
    """
    text = re.sub(r"[^\n]* when answered", "some time", section.inner_text())
    link = section.get_by_role("link").get_attribute("href")
    return text, link, section.locator("[data-copy]").get_attribute("data-copy")


def put(page: Page, **asked: str) -> None:
    """What a click on the chart does."""
    page.evaluate("(asked) => document.querySelector('#chart').chart.ask(asked)", asked)


@pytest.mark.usefixtures("recorded")
def test_questions_are_answered_without_a_script(browser: Browser, site: str) -> None:
    with open_page(browser, java_script_enabled=False) as page:
        page.goto(site)
        section = ask(page, ASKED, symbol="BTCUSDT", timestamp="2025-07-03T08:30:36")
        expect(section).to_contain_text("61928.31")
        assert page.url.endswith(f"#{ASKED}")
        expect(ask(page, "latest", symbol="ETHUSDT")).to_contain_text("2609.47")
        section = ask(page, "minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30")
        expect(section).to_contain_text("A known gap affects this answer")


def test_a_cold_load_takes_few_requests(browser: Browser, site: str, recorded: Tape) -> None:
    asked: list[str] = []
    with silent_page(browser, f"{site}health?format=json") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site)
        live(page)
        expect(page.locator("#chart")).to_have_attribute("data-state", "ready")
    # What a newcomer on a phone waits for.
    assert len(asked) <= 15, asked


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
        in_place = said(section)
        assert page.evaluate("window.kept")
        # The address asks the same again.
        page.reload()
        assert page.evaluate("window.kept") is None
        expect(section.locator("[data-answer]")).to_be_visible()
        assert said(section) == in_place

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

    def test_a_demo_served_here_is_not_taken_for_the_market(self, page: Page) -> None:
        page.evaluate("window.kept = true")
        answer = page.request.get(f"{page.url}latest?symbol=BTCUSDT&include=coverage").body()
        page.route(
            "**/latest?symbol=*",
            lambda route: route.fulfill(body=answer, headers={"X-Demo": "a replayed recording"}),
        )
        with page.expect_event("load"):
            ask(page, "latest", symbol="BTCUSDT")
        assert page.evaluate("window.kept") is None

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


class TestAClick:
    def test_fills_in_and_puts_two_questions(self, page: Page) -> None:
        put(page, symbol="ETHUSDT", instant="2025-07-03T08:30:37Z", minute="2025-07-03T08:30Z")
        at, minute = page.locator(f"#{ASKED}"), page.locator("#minmax")
        expect(at.locator("[data-answer] [data-text=symbol]")).to_have_text("ETHUSDT")
        expect(at.locator("[data-answer] [data-text=price]")).to_have_text("2611.82")
        expect(at.get_by_text("A known gap affects")).to_be_visible()
        expect(minute.locator("[data-text=low]")).to_have_text("2609.47")
        assert at.locator("[name=timestamp]").input_value() == "2025-07-03T08:30:37"
        assert minute.locator("[name=timestamp]").input_value() == "2025-07-03T08:30"
        assert minute.locator("[name=symbol]").input_value() == "ETHUSDT"


class TestCopy:
    @pytest.mark.parametrize(
        ("question", "typed", "line"),
        [
            (
                ASKED,
                {"timestamp": "2025-07-03T08:30:36"},
                "BTCUSDT 61928.31 at 2025-07-03T08:30:35.984239Z (complete)",
            ),
            (
                "minmax",
                {"symbol": "SOLUSDT", "timestamp": "2025-07-03T10:31+02:00"},
                "SOLUSDT no trade in the minute from 2025-07-03T08:31:00Z (unknown)",
            ),
        ],
    )
    def test_an_answer_is_copied_as_a_line(
        self, page: Page, question: str, typed: dict[str, str], line: str
    ) -> None:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        section = ask(page, question, **typed)
        section.get_by_role("button", name="Copy").click()
        expect(section.locator(".more [role=status]")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == line
        expect(section.locator(".more [role=status]")).to_have_text("")

    @pytest.mark.usefixtures("recorded")
    def test_where_nothing_can_be_copied_nothing_is_offered(
        self, browser: Browser, site: str
    ) -> None:
        without = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
        with silent_page(browser, site, script=without) as page:
            live(page)
            section = ask(page, ASKED)
            expect(section.locator("[data-answer]")).to_be_visible()
            expect(section.get_by_role("button", name="Copy")).to_have_count(0)


class TestZone:
    BERLIN = "Europe/Berlin"

    @pytest.mark.usefixtures("recorded")
    def test_times_are_shown_as_chosen_and_the_choice_is_remembered(
        self, browser: Browser, site: str
    ) -> None:
        with silent_page(browser, site, timezone_id=self.BERLIN) as page:
            live(page)
            traded = page.locator("[data-symbol=BTCUSDT] [data-time=instant]")
            expect(traded).to_have_text("2025-07-03 08:31:35.984239")
            page.get_by_label("Local", exact=True).check()
            expect(traded).to_have_text("2025-07-03 10:31:35.984239")
            typed = page.locator(f"#{ASKED} [name=timestamp]")
            assert typed.input_value() == "2025-07-03T10:31:35+02:00"
            page.reload()
            expect(page.get_by_label("Local", exact=True)).to_be_checked()
            expect(traded).to_have_text("2025-07-03 10:31:35.984239")
            assert typed.input_value() == "2025-07-03T10:31:35+02:00"
            page.get_by_label("UTC", exact=True).check()
            expect(traded).to_have_text("2025-07-03 08:31:35.984239")
            assert typed.input_value() == "2025-07-03T08:31:35"

    @pytest.mark.usefixtures("recorded")
    def test_local_times_ask_the_same(self, browser: Browser, site: str) -> None:
        with silent_page(browser, site, timezone_id=self.BERLIN) as page:
            live(page)
            page.get_by_label("Local", exact=True).check()
            put(page, symbol="BTCUSDT", instant="2025-07-03T08:30:36Z", minute="2025-07-03T08:31Z")
            at, minute = page.locator(f"#{ASKED}"), page.locator("#minmax")
            assert at.locator("[name=timestamp]").input_value() == "2025-07-03T10:30:36+02:00"
            assert minute.locator("[name=timestamp]").input_value() == "2025-07-03T10:31+02:00"
            expect(at).to_contain_text("61928.31")
            expect(at).to_contain_text("2025-07-03 10:30:35.984239")
            expect(minute).to_contain_text("1234567890.12345678")
            expect(minute).to_contain_text("2025-07-03 10:31:00")
            at.get_by_role("button", name="Pick").click()
            picker = at.locator("[type=datetime-local]")
            assert picker.input_value() == "2025-07-03T10:30:36"
            picker.evaluate(
                "(it) => { it.value = '2025-12-03T10:30:36'; it.dispatchEvent(new "
                "Event('input')); }"
            )
            # In winter the offset is another one.
            assert at.locator("[name=timestamp]").input_value() == "2025-12-03T10:30:36+01:00"

    def test_what_was_typed_stays(self, page: Page) -> None:
        typed = page.locator(f"#{ASKED} [name=timestamp]")
        typed.fill("2025-07-03T08:30:36.5Z")
        page.get_by_label("Local", exact=True).check()
        assert typed.input_value() == "2025-07-03T08:30:36.5Z"

    @pytest.mark.usefixtures("recorded")
    def test_a_browser_that_stores_nothing_still_shows_them(
        self, browser: Browser, site: str
    ) -> None:
        refusing = (
            "Object.defineProperty(window, 'localStorage', {get() { throw new "
            "DOMException('no'); }})"
        )
        with silent_page(browser, site, script=refusing, timezone_id=self.BERLIN) as page:
            live(page)
            page.get_by_label("Local", exact=True).check()
            traded = page.locator("[data-symbol=BTCUSDT] [data-time=instant]")
            expect(traded).to_have_text("2025-07-03 10:31:35.984239")


@pytest.fixture(scope="module")
def tab(browser: Browser, site: str) -> Iterator[Page]:
    """Any page of the site, which may import its modules."""
    with open_page(browser) as page:
        page.goto(f"{site}health")
        yield page


@pytest.mark.django_db
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
            "1969-12-31T23:59:59.999999Z",
        ],
    )
    def test_instants(self, tab: Page, instant: str) -> None:
        script = "async (text) => (await import('/static/prices/instants.js')).shown(text)"
        assert tab.evaluate(script, instant) == shown(parse(instant).instant)

    @pytest.mark.parametrize("micros", [0, 1, 15_761, 60_000_000, 3_599_999_999, 90_061_500_000])
    def test_lengths_of_time(self, tab: Page, micros: int) -> None:
        script = (
            "async (to) => (await "
            "import('/static/prices/instants.js')).between('100000000000000', to)"
        )
        later = str(100_000_000_000_000 + micros)
        assert tab.evaluate(script, later) == spell(timedelta(microseconds=micros))

    def test_numbers_keep_their_digits_and_strings_their_content(self, tab: Page) -> None:
        script = "async (json) => (await import('/static/prices/exact.js')).parse(json)"
        json = r'{"a": 12345678901.12345678, "b": [0.10, -1e-7, null], "c": "1 \" 2", "3": "\\"}'
        assert tab.evaluate(script, json) == {
            "a": "12345678901.12345678",
            "b": ["0.10", "-1e-7", None],
            "c": '1 " 2',
            "3": "\\",
        }

    @pytest.mark.parametrize("seconds", ["0", "0.0125", "-0.0003", "-0.04", "0.9994", "1", "83.25"])
    def test_lags(self, tab: Page, seconds: str) -> None:
        script = "async (text) => (await import('/static/prices/wording.js')).delay(text)"
        assert tab.evaluate(script, seconds) == delay(Decimal(seconds))

    @pytest.mark.parametrize("percent", [None, "0", "1.23", "-0.07"])
    def test_changes(self, tab: Page, percent: str | None) -> None:
        script = "async (percent) => (await import('/static/prices/wording.js')).changed(percent)"
        words = tab.evaluate(script, percent)
        said = of_change(None if percent is None else Decimal(percent))
        assert words["change"] == said["change"]
        assert [turn for turn in ("rose", "fell", "level") if words[turn]] == [said["turn"]]
