"""The chart of the page in a real browser: its candles, its gaps, and the questions that it
asks.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from prices.exchange.messages import AggTrade
from prices.formats.instants import iso
from prices.recording.tape import Tape
from tests.support.browser import PHONE, open_page
from tests.support.recorders import PATIENCE, eventually
from tests.support.sites import Site, running_site
from tests.support.tapes import START, open_tape, tick

pytestmark = pytest.mark.browser

# More than the chart asks for at first, and no whole number of pages.
MINUTES = 730
HOLE = range(700, 706)


def traded(minute: int, symbol: str = "BTCUSDT") -> list[AggTrade]:
    """The two ticks of a minute: it rises, falls or stands, and its prices have up to two
    decimals.
    """
    first, price = 2 * minute + 1, 61_900 + minute % 50
    closing = f"{price + minute % 3 - 1}.{minute % 100:02}"
    return [
        tick(first, 60 * minute + 10, f"{price}.5", symbol=symbol),
        tick(first + 1, 60 * minute + 40, closing, symbol=symbol, quantity="0.25"),
    ]


def instant(minute: int, second: int = 0) -> str:
    return iso(START + timedelta(minutes=minute, seconds=second))


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with django_db_blocker.unblock(), running_site() as site:
        yield site


@pytest.fixture
def tape(transactional_db: None) -> Iterator[Tape]:
    """BTCUSDT with some minutes missing, ETHUSDT whole, SOLUSDT not traded yet."""
    with open_tape("BTCUSDT", "ETHUSDT", "SOLUSDT") as tape:
        tape.store([each for n in range(MINUTES) if n not in HOLE for each in traded(n)])
        tape.store([each for n in range(30) for each in traded(n, "ETHUSDT")])
        yield tape
    # What a page asked for that is closed by now may still be read: the tables cannot be emptied
    # meanwhile.
    eventually(nobody_reads)


def nobody_reads() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND (state <> 'idle' OR application_name = 'live_push')"
        )
        return cursor.fetchone() == (0,)


@pytest.fixture
def said() -> list[str]:
    """What the console of the page says."""
    return []


@pytest.fixture
def page(browser: Browser, site: Site, tape: Tape, said: list[str]) -> Iterator[Page]:
    with open_page(browser) as page:
        page.on("console", lambda line: said.append(line.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{site.url}/")
        ready(page)
        yield page


def ready(page: Page) -> None:
    """Until it is drawn, and the axes have got their places."""
    expect(page.locator("#chart")).to_have_attribute("data-state", "ready")
    drawn(page)


def drawn(page: Page) -> None:
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def of_chart(page: Page, expression: str) -> Any:
    """Something of the chart's own state; `chart` is the chart."""
    return page.evaluate(
        f"() => {{ const chart = document.querySelector('#chart').chart; return {expression}; }}"
    )


def held(page: Page) -> list[Any]:
    """The candles that are drawn, the newest first."""
    return of_chart(page, "chart.history.times.map((time) => chart.history.bodies.get(time))")[::-1]


def asked(page: Page) -> None:
    """From now on the chart's questions are kept, and not put."""
    of_chart(page, "void (window.asked = [], chart.ask = (question) => asked.push(question))")


def stored(site: Site, symbol: str = "BTCUSDT", interval: str = "1m") -> list[Any]:
    """The candles of the API, the newest first."""
    rows: list[Any] = []
    url = f"{site.url}/api/candles/?symbol={symbol}&interval={interval}&limit=1000"
    while url:
        with urlopen(url, timeout=PATIENCE) as answer:
            body = json.load(answer, parse_float=str, parse_int=str)
        rows += body["results"]
        url = body["next"]
    return rows


def place(page: Page, minute: int, share: float = 0.5) -> dict[str, float]:
    """Where a minute of BTCUSDT stands in the drawing, as an offset from its corner."""
    x = of_chart(page, f"chart.plot.scale.x({minute}) + chart.plot.scale.width * {share - 0.5}")
    return {"x": x, "y": 120}


def figure(page: Page, name: str) -> Any:
    return page.locator(f"#chart [data-figure={name}]")


def radio(page: Page, interval: str) -> Any:
    return page.get_by_role("radio", name=interval, exact=True)


def painted(page: Page, minute: int, colour: str) -> int:
    """How many pixels of a minute's column have one of the page's colours."""
    return page.evaluate(
        """([minute, name]) => {
          const { plot } = document.querySelector("#chart").chart;
          const canvas = [...document.querySelectorAll("#chart canvas")].sort((a, b) => b.width * b.height - a.width * a.height)[0];
          const width = Math.ceil(plot.scale.width);
          const { data } = canvas.getContext("2d").getImageData(plot.scale.x(minute) - width / 2, 0, width, canvas.height);
          const wanted = plot.theme[name];
          let found = 0;
          for (let n = 0; n < data.length; n += 4) {
            const hex = [0, 1, 2].map((k) => data[n + k].toString(16).padStart(2, "0")).join("");
            if (`#${hex}` === wanted) found += 1;
          }
          return found;
        }""",  # noqa: E501
        [minute, colour],
    )


class TestCandles:
    def test_the_newest_are_those_of_the_api(self, page: Page, site: Site) -> None:
        assert held(page) == stored(site)[:500]
        expect(page.locator("#chart [role=status]")).to_have_text(
            "Scroll back for earlier candles."
        )

    def test_scrolling_back_reads_on_until_the_tape_begins(self, page: Page, site: Site) -> None:
        page.locator("#chart [data-plot]").focus()
        page.keyboard.press("Home")
        expect(page.locator("#chart [role=status]")).to_have_text(
            "The tape begins with the first candle."
        )
        assert held(page) == stored(site)

    def test_a_hole_is_as_wide_as_it_is_long(self, page: Page) -> None:
        step = of_chart(page, "chart.plot.scale.width")
        # Of 500 candles the first is that of minute 224: six minutes in between were not traded.
        begins = of_chart(page, "chart.history.times.indexOf(chart.history.first)")
        assert begins == 0
        assert of_chart(page, "chart.plot.scale.places.length") == 506
        assert of_chart(page, "chart.plot.scale.x(483) - chart.plot.scale.x(475)") == pytest.approx(
            8 * step
        )

    def test_the_newest_moves_and_another_follows(self, page: Page, tape: Tape, site: Site) -> None:
        page.evaluate("window.kept = true")
        close = figure(page, "close")
        expect(close).to_have_text("61928.29")
        tape.store([tick(2 * MINUTES + 1, 60 * MINUTES - 5, "61999.125")])
        expect(close).to_have_text("61999.125")
        expect(figure(page, "trades")).to_have_text("3")
        tape.store([tick(2 * MINUTES + 2, 60 * MINUTES, "61998")])
        expect(close).to_have_text("61998")
        assert page.evaluate("window.kept")
        assert held(page) == stored(site)[:501]

    def test_another_choice_is_shown_and_remembered(self, page: Page, site: Site) -> None:
        page.locator("#chart-symbol").select_option("ETHUSDT")
        radio(page, "5m").check()
        expect(page.locator("#chart [data-instant]")).to_have_text("2025-07-03 08:55:00")
        ready(page)
        assert held(page) == stored(site, "ETHUSDT", "5m")
        page.reload()
        expect(page.locator("#chart-symbol")).to_have_value("ETHUSDT")
        expect(radio(page, "5m")).to_be_checked()
        ready(page)
        assert held(page) == stored(site, "ETHUSDT", "5m")

    def test_answers_to_an_older_choice_are_dropped(self, page: Page, site: Site) -> None:
        kept: list[Any] = []
        page.route("**/api/candles/?symbol=ETHUSDT*", lambda route: kept.append(route))
        page.locator("#chart-symbol").select_option("ETHUSDT")
        eventually(lambda: page.wait_for_timeout(20) or kept)
        page.locator("#chart-symbol").select_option("BTCUSDT")
        ready(page)
        with page.expect_response("**/api/candles/?symbol=ETHUSDT*"):
            kept[0].continue_()
        assert held(page) == stored(site)[:500]

    def test_last_trades_of_a_candle_are_read_without_events(
        self, page: Page, tape: Tape, site: Site
    ) -> None:
        of_chart(page, "void (chart.candle = () => {})")
        tape.store([tick(2 * MINUTES + 1, 60 * MINUTES - 1, "61999.125")])
        eventually(lambda: stored(site)[0]["close"] == "61999.125")
        page.wait_for_timeout(500)
        assert held(page)[0]["close"] == "61928.29"
        of_chart(page, "delete chart.candle")
        tape.store([tick(2 * MINUTES + 2, 60 * MINUTES, "61998")])
        eventually(lambda: held(page) == stored(site)[:501])

    def test_a_symbol_without_a_trade_gets_its_first(self, page: Page, tape: Tape) -> None:
        of_chart(page, "chart.show('SOLUSDT')")
        expect(page.locator("#chart [role=status]")).to_have_text(
            "No trade of SOLUSDT is on the tape yet."
        )
        tape.store([tick(1, price="150.25", symbol="SOLUSDT")])
        expect(figure(page, "close")).to_have_text("150.25")

    def test_what_was_missed_while_the_stream_was_away_is_read(
        self, page: Page, tape: Tape, site: Site
    ) -> None:
        of_chart(page, "void (chart.candle = () => {})")
        page.context.set_offline(True)
        tape.store([each for n in range(MINUTES, MINUTES + 20) for each in traded(n)])
        of_chart(page, "chart.opened()")
        expect(page.locator("#chart [role=status]")).to_have_text(
            "The server cannot be reached. Trying again."
        )
        page.context.set_offline(False)
        ready(page)
        expect(page.locator("#chart [data-instant]")).to_have_text("2025-07-03 20:59:00")
        assert held(page) == stored(site)[:520]

    def test_another_tape_is_drawn_from_its_beginning(self, page: Page, tape: Tape) -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE prices_candle, prices_coarsecandle, prices_price, prices_gap")
        later = [tick(5_000 + n, 60 * n, "7", symbol="BTCUSDT") for n in range(2000, 2003)]
        tape.store(later)
        of_chart(page, "chart.opened()")
        expect(page.locator("#chart [role=status]")).to_have_text(
            "The tape begins with the first candle."
        )
        assert [row["minute"] for row in held(page)] == [instant(n) for n in (2002, 2001, 2000)]

    def test_what_is_held_and_how_long_a_hole_is_drawn_is_bounded(self, page: Page) -> None:
        bodies = """Array.from({ length: 21_500 }, (_, n) => ({
            minute: new Date(n * 60_000).toISOString(), trades: "1" }))"""
        of_chart(page, f"void chart.history.merge({bodies})")
        assert of_chart(page, "[chart.history.times.length, chart.history.further]") == [
            20_000,
            None,
        ]
        script = (
            "async (times) => (await import('/static/prices/chart/places.js')).places(times, 60)"
        )
        cut = page.evaluate(script, [0, 60_000_000])
        assert len(cut) == 2_002
        assert cut[:2] == [0, 60]
        assert cut[-2:] == [59_999_940, 60_000_000]
        assert len(page.evaluate(script, [600_000 * n for n in range(1_000)])) == 41_000

    def test_what_an_event_told_later_than_an_answer_stays(self, page: Page) -> None:
        newest = held(page)[0]
        of_chart(
            page,
            f"void chart.history.merge([{json.dumps(newest | {'trades': '1', 'close': '1'})}])",
        )
        assert held(page)[0] == newest


class TestGaps:
    def test_what_is_missing_is_hatched_and_told(self, page: Page) -> None:
        gaps = page.locator("#chart [data-gaps-in-view]")
        expect(gaps).to_have_text("missing: from 2025-07-03 20:09:40 to 2025-07-03 20:16:10")
        # From the candle before to the candle after.
        for place in (475, 478, 482):
            assert painted(page, place, "gap-open") > 100
        for place in (474, 483):
            assert painted(page, place, "gap-open") == 0

    def test_it_turns_mended_when_it_is_filled(self, page: Page, tape: Tape, site: Site) -> None:
        tape.fill("BTCUSDT", [each for n in HOLE for each in traded(n)])
        gaps = page.locator("#chart [data-gaps-in-view]")
        expect(gaps).to_have_text("repaired: from 2025-07-03 20:09:40 to 2025-07-03 20:16:10")
        eventually(lambda: held(page) == stored(site)[:506])
        assert painted(page, 478, "gap-open") == 0
        assert painted(page, 478, "gap-repaired") > 40

    def test_it_shrinks_when_it_is_filled_in_part(self, page: Page, tape: Tape, site: Site) -> None:
        tape.fill("BTCUSDT", [each for n in (700, 701, 704) for each in traded(n)])
        gaps = page.locator("#chart [data-gaps-in-view] li")
        expect(gaps).to_have_text(
            [
                "missing: from 2025-07-03 20:14:40 to 2025-07-03 20:16:10",
                "missing: from 2025-07-03 20:11:40 to 2025-07-03 20:14:10",
            ]
        )
        eventually(lambda: held(page) == stored(site)[:503])
        assert painted(page, 476, "gap-open") == 0

    def test_a_gap_that_opens_is_drawn(self, page: Page, tape: Tape) -> None:
        tape.store([tick(2 * MINUTES + 9, 60 * MINUTES + 130, "61950")])
        expect(page.locator("#chart [data-gaps-in-view] li")).to_have_count(2)
        assert painted(page, 506, "gap-open") > 100

    def test_an_answer_that_an_event_overtook_opens_nothing_again(self, page: Page) -> None:
        told = """[[15, 19, "open"], [11, 19, "open"], [11, 19, "repaired"], [15, 19, "open"]].map(
            ([first_trade, last_trade, status]) => {
              const at = "2025-07-03T09:00:00Z";
              const body = { symbol: "BTCUSDT", from: at, to: at, opened_at: at };
              chart.gap({ ...body, first_trade, last_trade, status });
              const [, { first, last, status: now }] = chart.tape.ledger.gaps;
              return `${first} ${last} ${now}`;
            })"""
        assert of_chart(page, told) == [
            "15 19 open",
            "15 19 open",
            "11 19 repaired",
            "11 19 repaired",
        ]

    def test_thousands_of_gaps_are_drawn_and_told_in_short(self, page: Page, tape: Tape) -> None:
        torn = [tick(3 * n, 7 * n, "150", symbol="SOLUSDT") for n in range(1, 3_001)]
        tape.store(torn)
        of_chart(page, "chart.show('SOLUSDT')")
        ready(page)
        gaps = page.locator("#chart [data-gaps-in-view] li")
        expect(gaps).to_have_count(21)
        expect(gaps.last).to_contain_text("more")
        assert painted(page, 340, "gap-open") > 100


class TestQuestions:
    @pytest.mark.parametrize(("share", "second"), [(0.02, 1), (0.5, 30), (0.99, 59)])
    def test_a_click_asks_about_its_minute_and_instant(
        self, page: Page, share: float, second: int
    ) -> None:
        asked(page)
        # As wide as a second a pixel.
        of_chart(page, "chart.plot.chart.timeScale().applyOptions({ barSpacing: 60 })")
        drawn(page)
        page.locator("#chart [data-plot]").click(position=place(page, 500, share))
        (question,) = page.evaluate("asked")
        assert question["symbol"] == "BTCUSDT"
        assert question["minute"] == "2025-07-03T20:34Z"
        assert question["instant"][:17] == "2025-07-03T20:34:"
        assert abs(int(question["instant"][17:19]) - second) <= 1

    def test_a_click_in_a_wider_candle_asks_about_its_minute(self, page: Page) -> None:
        radio(page, "1h").check()
        expect(figure(page, "trades")).to_have_text("68")
        ready(page)
        asked(page)
        of_chart(page, "chart.plot.chart.timeScale().applyOptions({ barSpacing: 60 })")
        drawn(page)
        page.locator("#chart [data-plot]").click(position=place(page, 8, 0.255))
        (question,) = page.evaluate("asked")
        assert question["minute"] == "2025-07-03T16:15Z"

    def test_a_click_beside_the_candles_asks_nothing(self, page: Page) -> None:
        asked(page)
        page.locator("#chart [data-plot]").click(position=place(page, 508))
        assert page.evaluate("asked") == []

    def test_keys_go_from_candle_to_candle_and_ask(self, page: Page) -> None:
        asked(page)
        shown = page.locator("#chart [data-instant]")
        spoken = page.locator("#chart [data-spoken]")
        page.locator("#chart [data-plot]").focus()
        expect(spoken).to_have_text("")
        page.keyboard.press("ArrowLeft")
        expect(shown).to_have_text("2025-07-03 20:39:00")
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("ArrowRight")
        expect(shown).to_have_text("2025-07-03 20:30:00")
        expect(spoken).to_contain_text("2025-07-03 20:30:00: open 61920.5, high 61920.5")
        page.keyboard.press("Enter")
        assert page.evaluate("asked") == [
            {"symbol": "BTCUSDT", "instant": instant(720), "minute": f"{instant(720)[:16]}Z"}
        ]
        page.keyboard.press("End")
        expect(shown).to_have_text("2025-07-03 20:39:00")
        page.keyboard.press("Home")
        expect(shown).to_have_text("2025-07-03 12:14:00")
        # It stays on its candle when earlier ones are drawn before it.
        expect(page.locator("#chart [role=status]")).to_have_text(
            "The tape begins with the first candle."
        )
        expect(shown).to_have_text("2025-07-03 12:14:00")

    def test_the_answer_stands_in_the_forms(self, page: Page) -> None:
        page.locator("#chart [data-plot]").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page.locator("#minmax [data-answer]")).to_contain_text("61929.5")
        expect(page.locator("#price-at-second [data-answer]")).to_contain_text("61929.28")


class TestLook:
    def test_the_crosshair_shows_the_figures_of_its_candle(self, page: Page) -> None:
        page.locator("#chart [data-plot]").hover(position=place(page, 500))
        expect(page.locator("#chart [data-instant]")).to_have_text("2025-07-03 20:34:00")
        expect(figure(page, "open")).to_have_text("61924.5")
        expect(figure(page, "close")).to_have_text("61924.24")
        expect(figure(page, "volume")).to_have_text("1.25")
        page.mouse.move(0, 0)
        expect(figure(page, "close")).to_have_text("61928.29")

    def test_all_follows_the_width_and_nothing_moves(self, page: Page, tape: Tape) -> None:
        plot = page.locator("#chart [data-plot]")
        below = page.locator("#chart [data-status]").bounding_box()
        tape.store([tick(2 * MINUTES + 9, 60 * MINUTES + 130, "1234567890.12345678")])
        expect(figure(page, "high")).to_have_text("1234567890.12345678")
        assert page.locator("#chart [data-status]").bounding_box() == below
        page.set_viewport_size(dict(zip(("width", "height"), PHONE, strict=True)))
        wide = plot.bounding_box()
        assert wide
        expect(plot.locator("table")).to_have_css("width", f"{wide['width']:g}px")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]

    def test_times_are_told_in_the_zone_that_was_chosen(
        self, browser: Browser, site: Site, tape: Tape
    ) -> None:
        with open_page(browser, timezone_id="Asia/Kolkata") as page:
            page.goto(f"{site.url}/")
            ready(page)
            axis = (
                "[...document.querySelectorAll('#chart tr:last-child canvas')].map((it) "
                "=> it.toDataURL())"
            )
            before = page.evaluate(axis)
            page.get_by_role("radio", name="Local").check()
            expect(page.locator("#chart [data-instant]")).to_have_text("2025-07-04 02:09:00")
            expect(page.locator("#chart [data-gaps-in-view]")).to_contain_text(
                "2025-07-04 01:39:40"
            )
            eventually(lambda: page.evaluate(axis) != before)

    def test_dark_is_drawn_dark(self, page: Page) -> None:
        light = of_chart(page, "chart.plot.chart.options().layout.background.color")
        page.emulate_media(color_scheme="dark")
        eventually(
            lambda: of_chart(page, "chart.plot.chart.options().layout.background.color") != light
        )
        assert painted(page, 478, "gap-open") > 100

    def test_the_console_stays_empty(self, page: Page, said: list[str]) -> None:
        page.evaluate(
            "addEventListener('securitypolicyviolation', (event) => "
            "console.log(event.violatedDirective))"
        )
        radio(page, "15m").check()
        ready(page)
        page.locator("#chart [data-plot]").click(position=place(page, 3))
        assert said == []

    def test_the_makers_of_the_library_are_named(self, page: Page) -> None:
        link = page.locator("#chart").get_by_role("link", name="https://www.tradingview.com/")
        expect(link).to_have_attribute("href", "https://www.tradingview.com/")

    def test_without_a_script_it_says_so(self, browser: Browser, site: Site, tape: Tape) -> None:
        with open_page(browser, java_script_enabled=False) as page:
            page.goto(f"{site.url}/")
            expect(page.locator("#chart noscript p")).to_be_visible()
            expect(page.locator("#chart [data-plot]")).to_be_hidden()
