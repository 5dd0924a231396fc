"""The state of the tape: over the last day and the last ten seconds, as the API and Prometheus are
told of it.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from prices.counter_names import COUNTERS
from prices.coverage import Verdict
from prices.models import Counter, Price, Symbol
from prices.models.symbol import percent
from prices.recording.tape import Tape
from pricetracker import __version__
from tests.support.plans import PAGE_COSTS, nodes
from tests.support.tapes import START, clear, open_tape, tick

pytestmark = pytest.mark.django_db

DAY = 86_400


@pytest.fixture
def tape() -> Iterator[Tape]:
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        yield tape


def state(symbol: str = "BTCUSDT") -> Symbol:
    (found,) = Symbol.objects.with_state([symbol])
    return found


def vouch(tape: Tape, seconds: float, lag: timedelta | None = None) -> None:
    """A recorder vouches for BTCUSDT, through an instant given in seconds from START."""
    tape.heartbeat(["BTCUSDT"], START + timedelta(seconds=seconds), lag)


class TestChangeOverADay:
    def test_is_from_the_price_24_hours_before_the_newest(self, tape) -> None:
        tape.store([tick(1, -1, "50"), tick(2, 0, "200"), tick(3, 1, "70"), tick(4, DAY, "250")])
        assert state().change_24h == 25

    def test_is_none_when_the_tape_does_not_reach_back_so_far(self, tape) -> None:
        assert state().change_24h is None
        tape.store([tick(1, 0.000001, "200"), tick(2, DAY, "250")])
        assert state().change_24h is None

    def test_is_from_the_last_tick_before_however_old_it_is(self, tape) -> None:
        tape.store([tick(1, -9 * DAY, "200"), tick(2, DAY, "199")])
        assert state().change_24h == Decimal("-0.5")

    def test_of_one_instant_the_highest_trade_id_is_last(self, tape) -> None:
        tape.store([tick(2, 0, "200"), tick(4, DAY, "300")])
        tape.store([tick(1, 0, "7"), tick(3, DAY, "9")])
        assert state().change_24h == 50

    def test_is_none_when_an_open_gap_hides_the_price_of_then(self, tape) -> None:
        tape.store([tick(1, -10, "200"), tick(5, 10, "220"), tick(6, DAY, "250")])
        assert (state().change_24h, state().open_gaps) == (None, 1)
        tape.fill("BTCUSDT", [tick(4, 5, "210"), tick(3, 4, "210")][::-1])
        assert (state().change_24h, state().open_gaps) == (None, 1)
        tape.fill("BTCUSDT", [tick(2, 0, "125")])
        assert (state().change_24h, state().open_gaps) == (100, 0)

    @pytest.mark.parametrize(
        "elsewhere",
        [
            [tick(1, -20), tick(5, -10, "200"), tick(6, 10)],  # before the tick of then
            [tick(5, -10, "200"), tick(6, 1), tick(9, 10)],  # after the instant
            [tick(1, -10), tick(5, 0, "200"), tick(6, 10)],  # up to the very tick of then
        ],
    )
    def test_a_gap_elsewhere_hides_nothing(self, tape, elsewhere) -> None:
        last = tick(elsewhere[-1].last + 1, DAY, "250")
        tape.store([*elsewhere, last])
        assert state().open_gaps
        assert state().change_24h == 25

    def test_a_gap_of_another_symbol_hides_nothing(self, tape) -> None:
        tape.store([tick(1, -10, "200"), tick(2, DAY, "250")])
        tape.store([tick(1, -10, symbol="ETHUSDT"), tick(9, 10, symbol="ETHUSDT")])
        assert (state().change_24h, state().open_gaps) == (25, 0)


prices = st.decimals("0.00000001", "9999999999.99999999", places=8)


@given(prices, prices)
@example(Decimal(200), Decimal("200.01"))  # 0.005
@example(Decimal(200), Decimal("200.03"))  # 0.015
@example(Decimal(200), Decimal("199.99999999"))  # less than nothing, but not by a hundredth
@example(Decimal("9999999999.99999999"), Decimal("0.00000001"))
@example(Decimal("0.00000001"), Decimal("9999999999.99999999"))
def test_the_change_is_the_exact_one_rounded_once_to_even(before: Decimal, after: Decimal) -> None:
    # Python rounds a fraction to the even one of two that are as near.
    exact = (Fraction(after) - Fraction(before)) / Fraction(before) * 100
    found = percent(before, after)
    assert Fraction(found) == round(exact, 2)
    assert found.as_tuple().exponent == -2
    assert found or not found.is_signed()


steps = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from([-1, 0, 0, 1, 2, DAY // 2])),
    min_size=1,
    max_size=12,
)


@pytest.mark.django_db(transaction=True)
@given(steps)
# The gap comes after the price of then by its ids, and before it by its instants.
@example([(1, 2), (1, -1), (2, -1), (1, DAY // 2), (1, DAY // 2), (1, 2)])
@settings(max_examples=150)
def test_a_price_is_known_exactly_when_no_gap_hides_it(tape, steps: list[tuple[int, int]]) -> None:
    """What an answer's verdict says of the price 24 hours before the newest tick, the change goes
    by, too.
    """
    clear(tape)
    trade = seconds = newest = 0
    for ids, passed in steps:
        trade, seconds = trade + ids, seconds + passed
        newest = max(newest, seconds)
        tape.store([tick(trade, seconds, str(trade))])
    then, coverage = Price.objects.as_of("BTCUSDT", START + timedelta(seconds=newest - DAY))
    known = then is not None and coverage.verdict is not Verdict.INCOMPLETE
    assert state().price_day_before == (then.price if known else None)


class TestFeed:
    def test_lives_while_a_recorder_vouches(self, tape) -> None:
        assert (state().live, state().heard_through) == (False, None)
        vouch(tape, 80)
        assert (state().live, state("ETHUSDT").live) == (True, False)
        assert state().heard_through == START + timedelta(seconds=80)

    def test_is_down_since_its_last_heartbeat_when_withdrawn(self, tape) -> None:
        vouch(tape, 80)
        assert state().down_since is None
        tape.withdraw()
        assert (state().live, state().heard_through) == (False, START + timedelta(seconds=80))
        assert state().down_since == START + timedelta(seconds=80)

    def test_is_down_since_its_newest_tick_past_the_watermark(self, tape) -> None:
        assert state().down_since is None
        tape.store([tick(1, 81)])
        assert state().down_since == START + timedelta(seconds=81)
        vouch(tape, 80)
        tape.withdraw()
        assert state().down_since == START + timedelta(seconds=81)

    def test_is_down_when_the_last_heartbeat_was_long_ago(self, tape) -> None:
        vouch(tape, 80)
        tape.database.execute("UPDATE prices_symbol SET heard_at = now() - interval '6 seconds'")
        assert state().live is False

    def test_is_down_when_the_last_heartbeat_is_of_the_future(self, tape) -> None:
        """The database's clock was set back: by it the heartbeat would count for hours."""
        tape.store([tick(1, 70)])
        vouch(tape, 80)
        assert Price.objects.latest(symbols=["BTCUSDT"])[0][1].verdict is Verdict.COMPLETE
        tape.database.execute("UPDATE prices_symbol SET heard_at = now() + interval '1 hour'")
        assert state().live is False
        assert not Symbol.objects.with_feed().filter(live=True).exists()
        asked = START + timedelta(seconds=75)
        assert Price.objects.latest(symbols=["BTCUSDT"])[0][1].verdict is Verdict.UNKNOWN
        assert Price.objects.as_of("BTCUSDT", asked)[1].verdict is Verdict.UNKNOWN
        assert (
            Price.objects.minute("BTCUSDT", asked.replace(second=0))[1].verdict is Verdict.UNKNOWN
        )


class TestLag:
    @pytest.mark.parametrize(
        ("lag", "seconds"),
        [
            (timedelta(microseconds=12_345), "0.012345"),
            (timedelta(seconds=-1, microseconds=-1), "-1.000001"),
            (timedelta(days=-3, microseconds=1), "-259199.999999"),
            (timedelta(days=4000, seconds=1), "345600001.000000"),
        ],
    )
    def test_is_told_to_the_microsecond(self, tape, lag, seconds) -> None:
        vouch(tape, 80, lag)
        assert str(state().lag_seconds) == seconds

    def test_is_none_before_a_commit_and_while_down(self, tape) -> None:
        vouch(tape, 80)
        assert state().lag_seconds is None
        vouch(tape, 81, timedelta(seconds=1))
        assert state().lag_seconds == 1
        tape.withdraw()
        assert state().lag_seconds is None

    def test_is_in_the_admin_even_when_it_is_negative(self, tape, admin_client: Client) -> None:
        vouch(tape, 80, timedelta(seconds=-1.5))
        page = admin_client.get("/admin/prices/symbol/").content.decode()
        assert '<td class="field-lag_seconds">-1.500000</td>' in page
        assert '<td class="field-lag_seconds">-</td>' in page


class TestRate:
    def test_is_of_the_ten_seconds_up_to_the_newest_tick(self, tape) -> None:
        tape.store([tick(n, n, trades=1) for n in range(1, 5)])
        tape.store([tick(5, 14, trades=9)])
        vouch(tape, 12)
        # Those of seconds 5 to 14, and it is ticks that count, not trades.
        assert state().ticks_per_second == Decimal("0.1")
        tape.store([tick(14, 14), tick(15, 14)])
        assert state().ticks_per_second == Decimal("0.3")

    def test_falls_while_a_live_feed_brings_nothing(self, tape) -> None:
        tape.store([tick(n, n) for n in range(1, 5)])
        vouch(tape, 4)
        assert state().ticks_per_second == Decimal("0.4")
        vouch(tape, 12)
        assert state().ticks_per_second == Decimal("0.2")
        vouch(tape, 14)
        assert state().ticks_per_second == 0

    def test_is_none_when_the_feed_is_down(self, tape) -> None:
        tape.store([tick(1)])
        assert state().ticks_per_second is None

    def test_of_a_live_symbol_without_a_tick_is_none_at_all(self, tape) -> None:
        vouch(tape, 80)
        assert (state().ticks_per_second, state().traded, state().price) == (0, None, None)


def test_open_gaps_are_counted_and_closed_ones_are_not(tape) -> None:
    tape.store([tick(1, 0), tick(3, 1), tick(5, 2), tick(7, 3)])
    tape.fill("BTCUSDT", [tick(2, 0.5)])
    tape.void("BTCUSDT", 4, 4)
    assert (state().open_gaps, state("ETHUSDT").open_gaps) == (1, 0)


class TestOverHTTP:
    @pytest.fixture
    def filled(self, tape) -> Tape:
        tape.store([tick(1, 0, "61728"), tick(2, DAY, "60969"), tick(5, DAY + 1, "60968.75")])
        vouch(tape, DAY + 2, timedelta(microseconds=12_000))
        return tape

    def test_a_row_a_symbol_with_the_keys_in_their_order(self, filled, client: Client) -> None:
        answer = client.get("/api/symbols/")
        assert answer.content == (
            b'[{"symbol":"BTCUSDT","live":true,"heard_through":"2025-07-04T08:30:02Z","down_since":null,'
            b'"lag":0.012,"ticks_per_second":0.2,"change_24h":-1.23,"open_gaps":1},'
            b'{"symbol":"ETHUSDT","live":false,"heard_through":null,"down_since":null,"lag":null,'
            b'"ticks_per_second":null,"change_24h":null,"open_gaps":0}]'
        )
        assert answer["Cache-Control"] == "no-store"

    def test_numbers_have_no_trailing_zeros_and_no_exponent(self, tape, client: Client) -> None:
        tape.store([tick(1, 0, "100"), *(tick(n, DAY, "120") for n in range(2, 22))])
        vouch(tape, DAY, timedelta(microseconds=-1))
        (row,) = json.loads(
            client.get("/api/symbols/?symbol=BTCUSDT").content, parse_float=str, parse_int=str
        )
        assert (row["lag"], row["ticks_per_second"], row["change_24h"]) == ("-0.000001", "2", "20")

    def test_one_symbol_in_any_case(self, filled, client: Client) -> None:
        (row,) = client.get("/api/symbols/", {"symbol": "ethusdt"}).json()
        assert row["symbol"] == "ETHUSDT"

    def test_an_empty_tape_has_none(self, client: Client) -> None:
        assert client.get("/api/symbols/").content == b"[]"

    def test_an_unrecorded_symbol_is_404_and_names_the_others(self, tape, client: Client) -> None:
        answer = client.get("/api/symbols/", {"symbol": "BTCUSD"})
        assert (answer.status_code, list(answer.json())) == (404, ["detail"])
        assert "BTCUSDT, ETHUSDT" in answer.json()["detail"]

    @pytest.mark.parametrize("query", ["symbol=", "symbol=BTC+USDT", "symbol=A&symbol=B"])
    def test_a_bad_symbol_is_named(self, client: Client, query) -> None:
        answer = client.get(f"/api/symbols/?{query}")
        assert (answer.status_code, list(answer.json())) == (400, ["symbol"])

    def test_says_that_it_is_a_demo(self, client: Client, settings) -> None:
        assert "X-Demo" not in client.get("/api/symbols/")
        settings.DEMO = True
        assert "X-Demo" in client.get("/api/symbols/")

    def test_is_listed_browsable_and_in_the_schema(self, filled, client: Client) -> None:
        assert client.get("/api/").json()["symbols"].endswith("/api/symbols/")
        page = client.get("/api/symbols/", headers={"accept": "text/html"})
        assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
        schema = client.get("/api/schema/", {"format": "json"}).json()
        described = schema["paths"]["/api/symbols/"]["get"]
        names = [parameter["name"] for parameter in described["parameters"]]
        assert names == ["symbol", "symbols"]
        (shape,) = described["responses"]["200"]["content"].values()
        assert shape["schema"]["type"] == "array"

    @pytest.mark.parametrize("path", ["/api/symbols/", "/metrics"])
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_can_be_written(self, method: str, path: str) -> None:
        client = Client(enforce_csrf_checks=True)
        assert getattr(client, method)(path).status_code == 405

    @pytest.mark.parametrize(
        ("path", "queries"),
        [("/api/symbols/", 1), ("/api/symbols/?symbol=BTCUSDT", 1), ("/metrics", 2)],
    )
    def test_queries_do_not_grow_with_symbols(
        self,
        filled,
        client: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        path,
        queries,
    ) -> None:
        with django_assert_num_queries(queries):
            client.get(path)


Sample = tuple[str, frozenset[tuple[str, str]]]


def labelled(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


def samples(families: Iterable[Metric]) -> dict[Sample, float]:
    found = [sample for family in families for sample in family.samples]
    assert len({(each.name, frozenset(each.labels.items())) for each in found}) == len(found)
    return {labelled(each.name, **each.labels): each.value for each in found}


OPENMETRICS = "application/openmetrics-text"

# As a Prometheus of today writes it.
SCRAPER = f"{OPENMETRICS};version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


# Among them versions of OpenMetrics that are not served.
ANYBODY = ["text/html", "*/*", "nonsense", ";;,=", "text/plain", f"{OPENMETRICS};q=0"]
ANYBODY += [f"{OPENMETRICS};version={version}" for version in ("0.0.1", "9", "x")]


class TestMetrics:
    def test_tell_the_state_of_each_symbol(self, tape, client: Client) -> None:
        tape.store([tick(1, 0), tick(5, 80.25)])
        vouch(tape, 80, timedelta(seconds=-1, microseconds=1))
        answer = client.get("/metrics")
        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        epoch = int(START.timestamp())
        btc, eth = {"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}
        assert samples(text_string_to_metric_families(answer.text)) == {
            labelled("pricetracker_build_info", version=__version__): 1,
            labelled("pricetracker_up"): 1,
            labelled("pricetracker_feed_live", **btc): 1,
            labelled("pricetracker_feed_live", **eth): 0,
            labelled("pricetracker_watermark_timestamp_seconds", **btc): epoch + 80,
            labelled("pricetracker_newest_tick_timestamp_seconds", **btc): epoch + 80.25,
            labelled("pricetracker_lag_seconds", **btc): -0.999999,
            labelled("pricetracker_ticks_per_second", **btc): 0.1,
            labelled("pricetracker_gaps_open", **btc): 1,
            labelled("pricetracker_gaps_open", **eth): 0,
            **{labelled(f"pricetracker_{name}_total"): 0 for name in COUNTERS},
        }

    def test_tell_what_recorders_have_counted(self, client: Client) -> None:
        Counter.objects.create(name="ticks_stored", value=2**53)
        Counter.objects.create(name="of_another_version", value=1)
        found = samples(text_string_to_metric_families(client.get("/metrics").text))
        counted = {name: value for (name, _), value in found.items() if name.endswith("_total")}
        assert counted.keys() == {f"pricetracker_{name}_total" for name in COUNTERS}
        assert counted["pricetracker_ticks_stored_total"] == 2**53
        assert sum(counted.values()) == 2**53

    def test_instants_are_exact_to_the_microsecond(self, tape, client: Client) -> None:
        tape.store([tick(1, 0.000001)])
        found = samples(text_string_to_metric_families(client.get("/metrics").text))
        value = found[labelled("pricetracker_newest_tick_timestamp_seconds", symbol="BTCUSDT")]
        assert f"{value:.6f}" == f"{int(START.timestamp())}.000001"

    def test_escape_what_would_end_a_label(self, client: Client) -> None:
        Symbol.objects.create(name='A\\B"C\nD')
        answer = client.get("/metrics")
        found = samples(text_string_to_metric_families(answer.text))
        assert found[labelled("pricetracker_feed_live", symbol='A\\B"C\nD')] == 0

    @pytest.mark.parametrize("accept", [OPENMETRICS, SCRAPER])
    def test_are_openmetrics_when_asked_for(self, tape, client: Client, accept: str) -> None:
        tape.store([tick(1, 0)])
        plain = client.get("/metrics")
        answer = client.get("/metrics", headers={"accept": accept})
        assert answer["Content-Type"].startswith(f"{OPENMETRICS}; version=1.0.0; charset=utf-8")
        # Its parser refuses what the standard does not allow.
        found = samples(openmetrics(answer.text))
        assert found == samples(text_string_to_metric_families(plain.text))
        assert answer["Vary"] == plain["Vary"] == "Accept"

    @pytest.mark.parametrize("accept", [*ANYBODY, f"{OPENMETRICS};q=0.5,text/plain"])
    def test_are_plain_text_for_anybody_else(self, client: Client, accept: str) -> None:
        answer = client.get("/metrics", headers={"accept": accept})
        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"

    def test_follow_the_naming_of_prometheus(self, client: Client) -> None:
        for family in text_string_to_metric_families(client.get("/metrics").text):
            name = family.name
            assert name.startswith("pricetracker_")
            assert ("timestamp" in name) == name.endswith("_timestamp_seconds")
            assert family.type == "counter" or not name.endswith(("_total", "_count"))
            assert family.documentation


@pytest.mark.parametrize("random_page_cost", PAGE_COSTS)
def test_a_large_tape_is_read_by_index(tape, random_page_cost: float) -> None:
    """200,000 ticks: a plan that reads them all, or a day of them, would show."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO prices_price (first_trade, timestamp, trades, symbol_id, price, quantity)
            SELECT n, timestamptz '2025-07-03Z' + n * interval '1 second', 1, symbol, 1, 1
            FROM generate_series(1, 100000) AS n, unnest(%s::smallint[]) AS symbol
            """,
            [list(tape.numbers.values())],
        )
        cursor.execute("ANALYZE prices_price")
        cursor.execute("SELECT set_config('random_page_cost', %s, true)", [str(random_page_cost)])
        with CaptureQueriesContext(connection) as queries:
            found = Symbol.objects.with_state()
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + queries[0]["sql"])
        ((plan,),) = cursor.fetchone()
    assert [symbol.change_24h for symbol in found] == [0, 0]
    scans = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "prices_price"]
    assert len(scans) == 3
    assert {node.get("Index Name") for node in scans} == {"price_symbol_timestamp"}
    assert max(node["Actual Rows"] for node in scans) == 10
    assert not any(node.get("Rows Removed by Filter") for node in scans)
