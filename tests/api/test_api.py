"""The three questions over HTTP, to the letter: bodies, dialects, errors, headers."""

import base64
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from prices.minutes import minute_start
from prices.models import Gap, Symbol
from prices.recording.tape import Tape
from tests.support.tapes import START, clear, open_tape, tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def tape() -> Iterator[Tape]:
    """Ticks round 08:30 on 2025-07-03, as in the documented examples."""
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.store(
            [
                tick(1, -30, "61900.00000000"),
                tick(2, 35.984239, "61928.31000000", trades=2),
                tick(4, 40, "61930.10000000"),
                tick(5, 70, "61931"),
                tick(1, -1, "2600", symbol="ETHUSDT"),
                tick(2, 10, "2609.47", symbol="ETHUSDT"),
                tick(3, 59.999999, "2611.82", symbol="ETHUSDT"),
                tick(4, 60, "2700", symbol="ETHUSDT"),
            ]
        )
        yield tape


@pytest.fixture(params=["/{}", "/api/prices/{}/"])
def ask(request: pytest.FixtureRequest, client: Client):
    """Ask a question at the root and under /api/prices/: the answers are the same."""

    def ask(question: str, **query: str):
        return client.get(request.param.format(question), query)

    return ask


def about(question: str, symbol: str) -> dict[str, str]:
    """The parameters of a question: the latest price has no instant."""
    when = {} if question == "latest" else {"timestamp": "2025-07-03T08:30:36"}
    return {"symbol": symbol, **when}


def heard(seconds: float) -> None:
    """A recorder vouches for all symbols, through an instant given in seconds from START."""
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        tape.heartbeat(tape.numbers, START + timedelta(seconds=seconds))


class TestLatest:
    def test_one_object_a_symbol_in_order(self, tape, ask) -> None:
        assert ask("latest").content == (
            b'[{"symbol":"BTCUSDT","price":"61931","timestamp":"2025-07-03T08:31:10Z"},'
            b'{"symbol":"ETHUSDT","price":"2700","timestamp":"2025-07-03T08:31:00Z"}]'
        )

    def test_one_symbol_in_any_case(self, tape, ask) -> None:
        tape.store([tick(6, 95.984239, "61928.31")])
        assert ask("latest", symbol="btcUSDT").content == (
            b'{"symbol":"BTCUSDT","price":"61928.31","timestamp":"2025-07-03T08:31:35.984239Z"}'
        )

    def test_the_highest_trade_id_of_an_instant_is_the_last(self, tape, ask) -> None:
        tape.store([tick(7, 70, "3")])
        tape.store([tick(6, 70, "2")])
        assert ask("latest", symbol="BTCUSDT").json()["price"] == "3"

    def test_an_empty_tape_has_no_prices(self, ask) -> None:
        answer = ask("latest")
        assert (answer.content, answer["X-Coverage"]) == (b"[]", "unknown")

    def test_is_complete_only_while_a_recorder_vouches(self, tape, ask) -> None:
        assert ask("latest")["X-Coverage"] == "unknown"
        heard(80)
        assert ask("latest")["X-Coverage"] == "complete"
        tape.withdraw()
        assert ask("latest", symbol="BTCUSDT")["X-Coverage"] == "unknown"

    def test_a_heartbeat_of_long_ago_vouches_for_nothing(self, tape, ask) -> None:
        heard(80)
        tape.database.execute("UPDATE prices_symbol SET heard_at = now() - interval '6 seconds'")
        assert ask("latest")["X-Coverage"] == "unknown"


class TestPriceAtSecond:
    def test_the_documented_example(self, tape, ask) -> None:
        answer = ask("price-at-second", symbol="BTCUSDT", timestamp="2025-07-03T08:30:36")
        assert answer.content == (
            b'{"symbol":"BTCUSDT","timestamp":"2025-07-03T08:30:36","price":"61928.31",'
            b'"actual_timestamp":"2025-07-03T08:30:35.984239"}'
        )
        assert answer["X-Coverage"] == "complete"

    @pytest.mark.parametrize(
        ("asked", "actual"),
        [
            ("2025-07-03T08:30:35.984239", "2025-07-03T08:30:35.984239"),
            ("2025-07-03T08:30:36Z", "2025-07-03T08:30:35.984239Z"),
            ("2025-07-03T10:30:36+02:00", "2025-07-03T08:30:35.984239Z"),
            ("2025-07-03 08:30:36", "2025-07-03T08:30:35.984239"),
            ("1751531436", "2025-07-03T08:30:35.984239Z"),
            ("1751531436000", "2025-07-03T08:30:35.984239Z"),
            ("1751531436000000", "2025-07-03T08:30:35.984239Z"),
        ],
    )
    def test_answers_in_the_dialect_it_was_asked_in(self, tape, ask, asked, actual) -> None:
        answer = ask("price-at-second", symbol="BTCUSDT", timestamp=asked).json()
        assert answer["price"] == "61928.31"
        assert (answer["timestamp"], answer["actual_timestamp"]) == (asked, actual)

    def test_a_microsecond_earlier_it_is_the_price_before(self, tape, ask) -> None:
        answer = ask("price-at-second", symbol="BTCUSDT", timestamp="2025-07-03T08:30:35.984238")
        assert answer.json()["price"] == "61900"

    def test_before_recording_began_there_is_none(self, tape, ask) -> None:
        answer = ask("price-at-second", symbol="BTCUSDT", timestamp="2025-07-03T08:29")
        assert answer.status_code == 200
        assert answer.content == (
            b'{"symbol":"BTCUSDT","timestamp":"2025-07-03T08:29","price":"N/A",'
            b'"actual_timestamp":null}'
        )
        assert answer["X-Coverage"] == "unknown"

    def test_after_the_newest_tick_only_a_live_feed_vouches(self, tape, ask) -> None:
        after = {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:31:20"}
        assert ask("price-at-second", **after)["X-Coverage"] == "unknown"
        heard(80)
        assert ask("price-at-second", **after)["X-Coverage"] == "unknown"
        heard(80.000001)
        answer = ask("price-at-second", **after)
        assert (answer["X-Coverage"], answer.json()["price"]) == ("complete", "61931")

    def test_a_known_hole_after_the_answer_makes_it_incomplete(self, tape, ask) -> None:
        tape.store([tick(9, 100, "62000")])
        query = {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:31:20"}
        assert ask("price-at-second", **query)["X-Coverage"] == "incomplete"
        # Before the hole, and after it, nothing is missing.
        for complete in ("2025-07-03T08:31:09", "2025-07-03T08:31:40"):
            answer = ask("price-at-second", **query | {"timestamp": complete})
            assert answer["X-Coverage"] == (
                "unknown" if complete > "2025-07-03T08:31:39" else "complete"
            )

    def test_says_why_when_asked(self, tape, ask) -> None:
        tape.store([tick(9, 100, "62000")])
        query = {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:31:20", "include": "coverage"}
        assert ask("price-at-second", **query).json()["coverage"] == {
            "verdict": "incomplete",
            "complete_through": "2025-07-03T08:31:10Z",
            "gaps": [
                {"from": "2025-07-03T08:31:10Z", "to": "2025-07-03T08:31:40Z", "status": "open"}
            ],
        }


class TestMinMax:
    def test_the_documented_example(self, tape, ask) -> None:
        answer = ask("minmax", symbol="ETHUSDT", timestamp="2025-07-03T08:30")
        assert answer.content == (
            b'{"symbol":"ETHUSDT","minute":"2025-07-03T08:30","high":2611.82,"low":2609.47}'
        )
        assert answer["X-Coverage"] == "complete"

    @pytest.mark.parametrize(
        ("asked", "minute"),
        [
            ("2025-07-03T08:30:59.999999", "2025-07-03T08:30"),
            ("2025-07-03T08:30:15Z", "2025-07-03T08:30Z"),
            ("2025-07-03T10:30:15+02:00", "2025-07-03T10:30+02:00"),
            ("1751531459", "1751531400"),
            ("1751531459999", "1751531400000"),
            ("1751531459999999", "1751531400000000"),
        ],
    )
    def test_seconds_are_cut_off_in_every_dialect(self, tape, ask, asked, minute) -> None:
        answer = ask("minmax", symbol="ETHUSDT", timestamp=asked).json()
        assert (answer["minute"], answer["high"]) == (minute, 2611.82)

    def test_a_minute_without_a_trade_has_neither(self, tape, ask) -> None:
        tape.store([tick(6, 200, "5")])
        answer = ask("minmax", symbol="BTCUSDT", timestamp="2025-07-03T08:32")
        assert answer.content == (
            b'{"symbol":"BTCUSDT","minute":"2025-07-03T08:32","high":null,"low":null}'
        )
        assert answer["X-Coverage"] == "complete"

    def test_numbers_keep_every_stored_digit(self, tape, ask) -> None:
        tape.store([tick(6, 130, "9999999999.99999999"), tick(7, 131, "0.00000010")])
        answer = ask("minmax", symbol="BTCUSDT", timestamp="2025-07-03T08:32")
        assert b'"high":9999999999.99999999,"low":0.0000001}' in answer.content

    @pytest.mark.parametrize(
        ("minute", "verdict"),
        [
            ("2025-07-03T08:29", "unknown"),  # recording began within it
            ("2025-07-03T08:30", "complete"),
            ("2025-07-03T08:31", "unknown"),  # the newest tick is in it
            ("2025-07-03T08:32", "unknown"),
        ],
    )
    def test_is_complete_between_the_first_and_the_newest_tick(
        self, tape, ask, minute, verdict
    ) -> None:
        assert ask("minmax", symbol="BTCUSDT", timestamp=minute)["X-Coverage"] == verdict

    def test_a_past_minute_is_whole_below_a_watermark(self, tape, ask) -> None:
        minute = {"symbol": "BTCUSDT", "timestamp": "2025-07-03T08:31"}
        heard(119.999999)
        assert ask("minmax", **minute)["X-Coverage"] == "unknown"
        heard(120)
        assert ask("minmax", **minute)["X-Coverage"] == "complete"

    def test_a_running_minute_is_complete_through_the_watermark(self, ask) -> None:
        while True:
            now = timezone.now()
            with open_tape("BTCUSDT") as tape:
                clear(tape)
                before = now.timestamp() - 120 - START.timestamp()
                tape.store([tick(1, before, "5"), tick(2, before + 119, "6")])
                question = {"symbol": "BTCUSDT", "timestamp": now.isoformat()}
                first = ask("minmax", **question)["X-Coverage"]
                tape.heartbeat(["BTCUSDT"], now)
                second = ask("minmax", **question)["X-Coverage"]
                question["timestamp"] = (now + timedelta(minutes=2)).isoformat()
                future = ask("minmax", **question)["X-Coverage"]
                tape.withdraw()
            if minute_start(timezone.now()) == minute_start(now):
                assert (first, second, future) == ("unknown", "complete", "unknown")
                return

    def test_a_gap_makes_every_minute_it_touches_incomplete(self, tape, ask) -> None:
        tape.store([tick(9, 185, "5"), tick(10, 300, "5")])
        verdicts = [
            ask("minmax", symbol="BTCUSDT", timestamp=f"2025-07-03T08:{minute}")["X-Coverage"]
            for minute in (30, 31, 32, 33, 34)
        ]
        assert verdicts == ["complete", "incomplete", "incomplete", "incomplete", "complete"]


class TestGaps:
    def test_can_be_listed_by_status_with_what_was_done(self, tape, client: Client) -> None:
        tape.store([tick(6, 3000), tick(15, 3100)])
        tape.fill("BTCUSDT", [tick(7, 3010)])
        tape.failed(Gap.objects.get().pk, "Not there yet.")
        found = {
            status: client.get(f"/api/gaps/?symbol=BTCUSDT&status={status}").json()["results"]
            for status in ("open", "repaired", "void")
        }
        assert [len(gaps) for gaps in found.values()] == [1, 0, 0]
        newest = found["open"][0]
        assert (newest["first_trade"], newest["last_trade"], newest["status"]) == (8, 14, "open")
        assert {name: newest[name] for name in ("attempts", "last_error", "source", "ticks")} == {
            "attempts": 0,
            "last_error": "Not there yet.",
            "source": "rest",
            "ticks": 1,
        }


class TestBadInput:
    @pytest.mark.parametrize("question", ["price-at-second", "minmax"])
    @pytest.mark.parametrize(
        "timestamp", ["", "yesterday", "2025-13-01T00:00", "12:30", "9" * 30, "1e9", "0x10", "٣"]
    )
    def test_a_bad_timestamp_is_named(self, tape, ask, question, timestamp) -> None:
        answer = ask(question, symbol="BTCUSDT", timestamp=timestamp)
        assert answer.status_code == 400
        assert list(answer.json()) == ["timestamp"]

    @pytest.mark.parametrize("question", ["price-at-second", "minmax"])
    def test_missing_parameters_are_named(self, tape, ask, question) -> None:
        answer = ask(question)
        assert (answer.status_code, sorted(answer.json())) == (400, ["symbol", "timestamp"])

    @pytest.mark.parametrize("question", ["latest", "price-at-second", "minmax"])
    @pytest.mark.parametrize("symbol", ["BTC USDT", "BTC/USDT", "A" * 51, "B'; --", "\x00"])
    def test_a_symbol_with_alien_characters_is_bad(self, tape, ask, question, symbol) -> None:
        answer = ask(question, **about(question, symbol))
        assert (answer.status_code, list(answer.json())) == (400, ["symbol"])

    @pytest.mark.parametrize("question", ["latest", "price-at-second", "minmax"])
    def test_an_unrecorded_symbol_is_404_and_names_the_others(self, tape, ask, question) -> None:
        answer = ask(question, **about(question, "BTCUSD"))
        assert answer.status_code == 404
        assert list(answer.json()) == ["detail"]
        assert "BTCUSDT, ETHUSDT" in answer.json()["detail"]

    @pytest.mark.parametrize("name", ["symbol", "from", "to"])
    def test_an_empty_parameter_is_not_an_absent_one(self, tape, client: Client, name) -> None:
        answer = client.get("/api/prices/", {name: ""})
        assert (answer.status_code, list(answer.json())) == (400, [name])

    @pytest.mark.parametrize("question", ["latest", "price-at-second", "minmax"])
    def test_an_empty_symbol_is_not_all_symbols(self, tape, ask, question) -> None:
        answer = ask(question, **about(question, ""))
        assert (answer.status_code, list(answer.json())) == (400, ["symbol"])

    def test_nothing_can_be_included(self, tape, ask) -> None:
        assert ask("latest", include="").content == ask("latest").content

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/latest?symbol=BTCUSDT&symbol=ETHUSDT", "symbol"),
            ("/latest?include=&include=coverage", "include"),
            ("/minmax?symbol=BTCUSDT&timestamp=1751531436&timestamp=1751531437", "timestamp"),
            ("/api/prices/?from=1751531436&from=1751531437", "from"),
            ("/api/prices/?limit=1&limit=2", "limit"),
        ],
    )
    def test_a_repeated_parameter_is_refused(self, tape, client: Client, path, name) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (400, {name: ["Must be given only once."]})

    @pytest.mark.parametrize(
        "limit", ["", "0", "-1", "1001", "1.0", "1e2", "\u0663", "\u00b2", "9" * 5000]
    )
    def test_a_bad_limit_is_named(self, tape, client: Client, limit) -> None:
        answer = client.get("/api/prices/", {"limit": limit})
        assert (answer.status_code, list(answer.json())) == (400, ["limit"])

    @pytest.mark.parametrize(
        ("path", "position"),
        [
            ("/api/prices/", "9223372036854775808.0"),
            ("/api/prices/", "1." + "9" * 5000),
            ("/api/prices/", "1.999999999999999999"),
            ("/api/prices/", "1"),
            ("/api/gaps/", "-9223372036854775809"),
            ("/api/gaps/", "9" * 5000),
            ("/api/gaps/", "1.1"),
            ("/api/gaps/", "\u2013"),
        ],
    )
    def test_a_bad_cursor_is_named(self, tape, client: Client, path, position) -> None:
        cursor = base64.urlsafe_b64encode(position.encode()).decode()
        answer = client.get(path, {"cursor": cursor})
        assert (answer.status_code, list(answer.json())) == (400, ["cursor"])

    @pytest.mark.parametrize("path", ["/api/prices/", "/api/candles/", "/api/gaps/"])
    def test_a_range_may_be_all_of_the_calendar(self, tape, client: Client, path) -> None:
        all_time = {"from": "0001-01-01T00:00", "to": "9999-12-31T23:59:59.999999"}
        answer = client.get(path, {"symbol": "BTCUSDT", **all_time})
        assert answer.status_code == 200
        assert answer.json()["results"] or path == "/api/gaps/"

    @pytest.mark.parametrize("question", ["price-at-second", "minmax"])
    @pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
    def test_the_ends_of_the_calendar_are_instants(self, tape, ask, question, timestamp) -> None:
        answer = ask(question, symbol="BTCUSDT", timestamp=timestamp)
        assert answer.status_code == 200
        assert answer["X-Coverage"] == "unknown"

    @pytest.mark.parametrize(
        ("path", "name", "right"),
        [
            ("/api/gaps/?status=mended", "status", "Must be open, repaired or void."),
            (
                "/api/candles/?symbol=BTCUSDT&interval=2m",
                "interval",
                "Must be 1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w or 1M.",
            ),
        ],
    )
    def test_what_is_no_choice_is_told_what_would_be(
        self, tape, client: Client, path, name, right
    ) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (400, {name: [right]})

    def test_only_coverage_can_be_included(self, tape, ask) -> None:
        answer = ask("latest", include="weather")
        assert (answer.status_code, list(answer.json())) == (400, ["include"])

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    @pytest.mark.parametrize(
        "path", ["/latest", "/price-at-second", "/minmax", "/api/prices/", "/api/prices/latest/"]
    )
    def test_nothing_can_be_written(self, client: Client, method: str, path: str) -> None:
        assert getattr(client, method)(path).status_code == 405

    @pytest.mark.parametrize("path", ["/latest", "/api/prices/latest/"])
    def test_head_and_options_are_answered(self, client: Client, path: str) -> None:
        assert client.head(path).status_code == 200
        assert client.options(path).status_code == 200


class TestCost:
    """One indexed query an answer, and one more for its coverage."""

    @pytest.mark.parametrize("question", ["latest", "price-at-second", "minmax"])
    @pytest.mark.parametrize("include", [{}, {"include": "coverage"}])
    def test_one_query(
        self,
        tape,
        client: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        question: str,
        include: dict[str, str],
    ) -> None:
        query = about(question, "BTCUSDT") | include
        with django_assert_num_queries(1):
            client.get(f"/{question}", query)


def test_symbols_with_letters_of_other_scripts(client: Client) -> None:
    with open_tape("币安人生USDT") as tape:
        tape.store([tick(1, 0, "0.5", symbol="币安人生USDT")])
    answer = client.get("/latest", {"symbol": "币安人生usdt"})
    assert answer.json() == {
        "symbol": "币安人生USDT",
        "price": "0.5",
        "timestamp": "2025-07-03T08:30:00Z",
    }
    assert Symbol.objects.get().name == "币安人生USDT"


class TestBrowsable:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/",
            "/api/prices/",
            "/api/prices/latest/",
            "/api/prices/minmax/?symbol=BTCUSDT&timestamp=2025-07-03T08:30",
            "/api/candles/?symbol=BTCUSDT",
            "/api/gaps/",
            "/latest",
        ],
    )
    def test_in_a_browser(self, tape, client: Client, path: str) -> None:
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/html")

    def test_the_schema_describes_the_three_questions(self, client: Client) -> None:
        schema = client.get("/api/schema/", {"format": "json"}).json()
        for question in ("latest", "price-at-second", "minmax"):
            assert f"/{question}" in schema["paths"]
            assert f"/api/prices/{question}/" in schema["paths"]
        assert client.get("/api/docs/").status_code == 200

    def test_health_names_the_feeds(self, tape, client: Client) -> None:
        heard(80)
        feeds = client.get("/health").json()["feeds"]
        assert feeds[0] == {
            "symbol": "BTCUSDT",
            "live": True,
            "heard_through": "2025-07-03T08:31:20Z",
        }
