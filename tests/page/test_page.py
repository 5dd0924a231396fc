"""The page as the server makes it: everything that works without a script."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client

from prices.formats.instants import parse
from prices.models import Symbol
from prices.page import bundle
from prices.page.wording import ago, delay, of_change, shown, spell
from prices.page.wording import summary as summarize
from prices.recording.tape import Tape
from tests.support.policies import PAGE, policy
from tests.support.recorded import START, recorded_tape, tick

# Latest prices and names of the symbols; a question takes two more, and one to name them when it
# asks for none of them.
QUERIES = 5


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Tape]:
    with recorded_tape() as tape:
        yield tape


def text(html: str) -> str:
    """What a page says to somebody who looks: tags away, and everything in a hidden element with
    them.
    """
    html = re.sub(r"<(\w+)\b[^>]* hidden>.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def ask(client: Client, question: str, **asked: str) -> str:
    """The section of a question, after its form was sent."""
    page = client.get("/", {"question": question, **asked}).content.decode()
    section = page.split(f'<section class="question" id="{question}"')[1]
    return section.split("</section>")[0]


def row(client: Client, symbol: str) -> str:
    """What the table says of a symbol."""
    page = client.get("/").content.decode()
    (found,) = re.findall(rf'<tr role="row" data-symbol="{symbol}">.*?</tr>', page, re.DOTALL)
    return text(found)


def summary(client: Client) -> str:
    page = client.get("/").content.decode()
    (found,) = re.findall(r"<p [^>]* data-summary>.*?</p>", page, re.DOTALL)
    return text(found)


class TestTape:
    @pytest.mark.usefixtures("recorded")
    def test_newest_price_of_each_symbol_with_its_instant(self, client: Client) -> None:
        assert row(client, "BTCUSDT").startswith(
            "BTCUSDT 1234567890.12345678 2025-07-03 08:31:35.984239"
        )
        assert row(client, "ETHUSDT").startswith("ETHUSDT 2609.47 2025-07-03 08:30:37.984239")

    @pytest.mark.usefixtures("recorded")
    def test_a_symbol_without_a_tick_is_waiting(self, client: Client) -> None:
        assert row(client, "SOLUSDT").startswith("SOLUSDT \N{EN DASH} waiting for the first trade")
        assert row(client, "SOLUSDT").endswith("unknown no data yet")

    def test_a_live_feed_is_told_and_makes_the_price_complete(
        self, client: Client, recorded: Tape
    ) -> None:
        recorded.heartbeat(["BTCUSDT"], START + timedelta(minutes=2))
        assert row(client, "BTCUSDT").endswith("2025-07-03 08:32:35.984239 complete live")

    def test_a_feed_that_is_down_is_told_in_words_and_since_when(
        self, client: Client, recorded: Tape
    ) -> None:
        recorded.heartbeat(["BTCUSDT", "ETHUSDT", "SOLUSDT"], START + timedelta(minutes=2))
        assert summary(client) == "All feeds live. 1 gap is open."
        recorded.withdraw()
        recorded.heartbeat(["ETHUSDT", "SOLUSDT"], START + timedelta(minutes=3))
        assert row(client, "BTCUSDT").endswith("down since 2025-07-03 08:32:35")
        assert summary(client) == (
            "BTCUSDT: the feed has been down since 2025-07-03 08:32:35 . "
            "Newer trades are not on the tape yet. 1 gap is open."
        )

    @pytest.mark.usefixtures("recorded")
    def test_the_open_gaps_are_a_click_away(self, client: Client) -> None:
        assert "Open gaps of ETHUSDT : 1" in row(client, "ETHUSDT")
        page = client.get("/").content.decode()
        (link,) = re.findall(r'href="(/api/gaps/\?symbol=ETHUSDT[^"]*)"', page)
        (gap,) = client.get(link.replace("&amp;", "&")).json()["results"]
        assert (gap["first_trade"], gap["status"]) == (11, "open")

    def test_the_change_over_a_day_bears_its_sign(self, client: Client, recorded: Tape) -> None:
        day = 24 * 60 * 60 * 1_000_000
        recorded.store([tick("SOLUSDT", 1, "200"), tick("SOLUSDT", 2, "150", day)])
        assert "\N{MINUS SIGN}25 %" in row(client, "SOLUSDT")

    @pytest.mark.usefixtures("recorded")
    def test_every_instant_is_there_for_scripts_too(self, client: Client) -> None:
        page = client.get("/").content.decode()
        instant = '<time data-time="instant" datetime="2025-07-03T08:31:35.984239Z">'
        assert f"{instant}2025-07-03 08:31:35.984239</time>" in page

    def test_an_empty_tape_says_what_to_run(self, client: Client, db: None) -> None:
        page = client.get("/").content.decode()
        assert "manage.py start" in page
        assert "manage.py stream_prices" in page
        assert "<form" not in page


@pytest.mark.usefixtures("recorded")
class TestQuestions:
    def test_latest(self, client: Client) -> None:
        answer = text(ask(client, "latest", symbol="btcusdt"))
        assert "1234567890.12345678 Symbol BTCUSDT Traded at 2025-07-03 08:31:35.984239" in answer
        assert "unknown Completeness is unknown" in answer

    def test_price_at_an_instant(self, client: Client) -> None:
        asked = {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:30:36"}
        section = ask(client, "price-at-second", **asked)
        answer = text(section)
        assert "61928.31 Symbol BTCUSDT Asked for 2025-07-03 08:30:36" in answer
        assert "Traded at 2025-07-03 08:30:35.984239 Earlier by 0.015761 s" in answer
        assert "complete Every trade that could change this answer is on the tape." in answer
        (link,) = re.findall(r'href="(/price-at-second\?[^"]*)"', section)
        api = client.get(link.replace("&amp;", "&")).json()
        assert api["price"] == "61928.31"
        assert api["coverage"]["verdict"] == "complete"

    def test_nothing_at_or_before_an_instant(self, client: Client) -> None:
        answer = text(ask(client, "price-at-second", symbol="BTCUSDT", timestamp="1751531435"))
        assert "No trade at or before this instant is on the tape." in answer
        assert "Asked for 2025-07-03 08:30:35 " in answer
        assert "unknown Completeness is unknown" in answer

    def test_a_hole_makes_an_answer_incomplete_and_is_listed(self, client: Client) -> None:
        answer = text(ask(client, "minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30:59Z"))
        assert "high 2611.82 low 2609.47 Symbol ETHUSDT Minute from 2025-07-03 08:30:00" in answer
        assert "incomplete A known gap affects this answer" in answer
        gap = "open: from 2025-07-03 08:30:35.984239 to 2025-07-03 08:30:37.984239"
        assert gap in answer

    def test_high_and_low_in_all_their_digits(self, client: Client) -> None:
        answer = text(ask(client, "minmax", symbol="BTCUSDT", timestamp="2025-07-03T08:31"))
        assert "high 1234567890.12345678 low 1234567890.12345678" in answer

    def test_a_minute_without_a_trade(self, client: Client) -> None:
        answer = text(ask(client, "minmax", symbol="BTCUSDT", timestamp="2025-07-03T07:00"))
        assert "No trade of this minute is on the tape." in answer

    def test_suggested_questions_have_an_answer(self, client: Client) -> None:
        page = client.get("/").content.decode()
        assert re.findall(r'name="timestamp" value="([^"]*)"', page) == [
            "2025-07-03T08:31:35",
            "2025-07-03T08:31",
        ]
        assert page.count("<option selected>BTCUSDT</option>") == 3


@pytest.mark.usefixtures("recorded")
class TestErrors:
    def test_a_bad_instant_is_told_beside_its_field_and_kept(self, client: Client) -> None:
        section = ask(client, "price-at-second", symbol="ethusdt", timestamp="<yesterday>")
        (error,) = re.findall(r'data-error="timestamp">([^<]*)<', section)
        assert error.startswith("Must be an ISO 8601 time such as 2025-07-03T08:30:36,")
        assert "+02:00" in error
        assert 'value="&lt;yesterday&gt;"' in section
        assert "<option selected>ETHUSDT</option>" in section
        assert "data-answer hidden" in section

    def test_a_symbol_that_was_never_recorded_names_those_that_are(self, client: Client) -> None:
        section = ask(client, "latest", symbol="NOPE")
        (error,) = re.findall(r'data-error="symbol">([^<]*)<', section)
        assert error == ("NOPE has no recorded price. Recorded symbols: BTCUSDT, ETHUSDT, SOLUSDT.")
        assert "<option selected>NOPE</option>" in section

    def test_what_is_missing_is_told(self, client: Client) -> None:
        section = ask(client, "minmax")
        assert 'data-error="symbol">This field is required.<' in section
        assert 'data-error="timestamp">This field is required.<' in section

    def test_a_question_for_the_latest_price_needs_a_symbol(self, client: Client) -> None:
        assert 'data-error="symbol">This field is required.<' in ask(client, "latest")

    def test_an_empty_symbol_is_told(self, client: Client) -> None:
        section = ask(client, "latest", symbol="")
        (error,) = re.findall(r'data-error="symbol">([^<]*)<', section)
        assert error
        assert "data-answer hidden" in section

    def test_an_unknown_question_is_no_question(self, client: Client) -> None:
        assert client.get("/?question=weather").status_code == 200


class TestHeaders:
    @pytest.mark.usefixtures("db")
    def test_nothing_foreign_may_run_and_nothing_is_cached(self, client: Client) -> None:
        response = client.get("/")
        assert policy(response) == PAGE
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.usefixtures("db")
    @pytest.mark.parametrize("method", ["get", "head", "options"])
    def test_it_is_read(self, client: Client, method: str) -> None:
        assert getattr(client, method)("/").status_code == 200

    @pytest.mark.usefixtures("db")
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_can_be_written(self, method: str) -> None:
        client = Client(enforce_csrf_checks=True)
        assert getattr(client, method)("/").status_code == 405

    @pytest.mark.usefixtures("db")
    def test_a_demo_is_marked(self, client: Client, settings) -> None:
        assert "replayed" not in client.get("/").content.decode()
        settings.DEMO = True
        page = client.get("/").content.decode()
        assert "<title>DEMO" in page
        assert "These are replayed recorded prices" in page
        # With its database away, too.
        assert "These are replayed" in render_to_string("prices/away.html", {"demo": True})

    @pytest.mark.usefixtures("recorded")
    @pytest.mark.parametrize("symbol", ["BTCUSDT", "NOPE"])
    def test_queries_do_not_grow_with_the_symbols(
        self, client: Client, symbol: str, django_assert_max_num_queries
    ) -> None:
        with django_assert_max_num_queries(QUERIES):
            ask(client, "price-at-second", symbol=symbol, timestamp="2025-07-03T08:30:36")


@pytest.mark.parametrize(
    ("passed", "spelt"),
    [
        (timedelta(0), "0 s"),
        (timedelta(microseconds=15761), "0.015761 s"),
        (timedelta(seconds=60), "1 min 0 s"),
        (timedelta(days=2, hours=3, seconds=10.5), "2 d 3 h 10.5 s"),
    ],
)
def test_a_length_of_time_is_spelt_to_the_microsecond(passed: timedelta, spelt: str) -> None:
    assert spell(passed) == spelt


@pytest.mark.parametrize("asked", ["1751531436", "2025-07-03T10:30:36+02:00", "20250703T083036"])
def test_an_instant_in_any_dialect_is_shown_in_utc(asked: str) -> None:
    assert shown(parse(asked).instant) == "2025-07-03 08:30:36"


def test_an_age_is_told_in_whole_seconds() -> None:
    assert ago(timedelta(seconds=-3)) == ago(timedelta(seconds=0.9)) == "less than 1 s"
    assert ago(timedelta(minutes=2, seconds=1.9)) == "2 min 1 s"


@pytest.mark.parametrize(
    ("seconds", "spelt"),
    [
        ("0.0125", "13 ms"),
        ("0", "0 ms"),
        ("-0.0003", "0 ms"),
        ("-0.04", "\N{MINUS SIGN}40 ms"),
        ("0.9994", "999 ms"),
        ("0.9996", "1.0 s"),
        ("1", "1.0 s"),
        ("83.25", "83.3 s"),
    ],
)
def test_a_lag_is_told_as_far_as_it_matters(seconds: str, spelt: str) -> None:
    assert delay(Decimal(seconds)) == spelt


@pytest.mark.parametrize(
    ("percent", "change", "turn"),
    [
        (None, "\N{EN DASH}", "level"),
        ("0", "0 %", "level"),
        ("1.23", "+1.23 %", "rose"),
        ("-0.07", "\N{MINUS SIGN}0.07 %", "fell"),
    ],
)
def test_a_change_is_told_by_its_sign(percent: str | None, change: str, turn: str) -> None:
    assert of_change(None if percent is None else Decimal(percent)) == {
        "change": change,
        "turn": turn,
    }


def test_many_silent_feeds_are_counted() -> None:
    silent = [Symbol(name=f"S{n}") for n in range(4)]
    for symbol in silent:
        symbol.live, symbol.down_since, symbol.open_gaps = False, START, 2
    assert "".join(map(str, summarize(silent))) == (
        "4 of 4 feeds are not live. Newer trades are not on the tape yet. 8 gaps are open."
    )


def test_every_module_of_the_page_is_in_its_script() -> None:
    static = Path(finders.find("prices"))
    names = [path.relative_to(static).with_suffix("") for path in static.rglob("*.js")]
    found = re.findall(r"^const \$(\w+) = ", bundle.script().content, re.MULTILINE)
    assert sorted(found) == sorted("_".join(name.parts) for name in names)
