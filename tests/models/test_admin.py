"""The admin: who may look, what a search finds, and that no page counts, sorts or scans the
tape.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from prices.admin.tape import PAGES
from prices.counter_names import COUNTERS
from prices.models import (
    Candle,
    CandleRow,
    CoarseCandle,
    Counter,
    Gap,
    Listing,
    Market,
    Price,
    Symbol,
    Tick,
)

pytestmark = pytest.mark.django_db

START = datetime(2025, 7, 3, 8, 30, tzinfo=UTC)
MODELS = ("tick", "candlerow", "gap", "symbol")

# Session, user and rows; the symbols, once to understand a search and once to merge their ticks.
QUERIES = 5


def tick(symbol: Symbol, n: int, price: str, seconds: float) -> Price:
    return Price.objects.create(
        symbol=symbol,
        first_trade=n,
        price=Decimal(price),
        quantity=Decimal("0.5"),
        trades=1,
        timestamp=START + timedelta(seconds=seconds),
    )


def candle(symbol: Symbol, minutes: int) -> Candle:
    minute = START + timedelta(minutes=minutes)
    return Candle.objects.create(
        symbol=symbol,
        minute=minute,
        first_trade=1,
        last_trade=1,
        trades=1,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal("1.50")),
    )


def gap(symbol: Symbol, first: int, starts: float, ends: float) -> Gap:
    return Gap.objects.create(
        symbol=symbol,
        first_trade=first,
        last_trade=first + 9,
        starts=START + timedelta(seconds=starts),
        ends=START + timedelta(seconds=ends),
    )


@pytest.fixture
def btc() -> Symbol:
    return Symbol.objects.create(name="BTCUSDT")


@pytest.fixture
def eth() -> Symbol:
    return Symbol.objects.create(name="ETHUSDT")


@pytest.fixture
def tape(btc: Symbol, eth: Symbol) -> None:
    tick(btc, 1, "61928.31", 1)
    tick(eth, 1, "2611.82", 2)
    tick(btc, 2, "61929.5", 3)
    tick(eth, 2, "2609.47", 4.000001)
    for minutes in (0, 1):
        candle(btc, minutes)
        candle(eth, minutes)
    gap(btc, 100, 10, 20)
    gap(eth, 300, 30, 40)


def rows(client: Client, model: str, search: str = "") -> list[str]:
    """The first two columns of a list."""
    response = client.get(f"/admin/prices/{model}/", {"q": search})
    assert response.status_code == 200
    found = response.context["cl"].result_list
    return [f"{row.symbol} {row.first_trade}" for row in found]


def messages(client: Client, model: str, search: str) -> list[str]:
    response = client.get(f"/admin/prices/{model}/", {"q": search})
    assert not response.context["cl"].result_list
    return [str(message) for message in response.context["messages"]]


@pytest.mark.usefixtures("tape")
class TestReading:
    @pytest.mark.parametrize("model", MODELS)
    def test_nothing_can_be_added_changed_or_deleted(
        self, admin_client: Client, model: str
    ) -> None:
        page = admin_client.get(f"/admin/prices/{model}/")
        first = page.context["cl"].result_list[0].pk
        row = f"/admin/prices/{model}/{first}"
        assert admin_client.get(f"{row}/change/").status_code == 200
        assert admin_client.post(f"{row}/change/", {}).status_code == 403
        assert admin_client.post(f"{row}/delete/", {"post": "yes"}).status_code == 403
        assert admin_client.post(f"/admin/prices/{model}/add/", {}).status_code == 403
        assert "action" not in page.content.decode().split('<table id="result_list"')[1]

    def test_staff_need_the_permission_to_look(self, client: Client) -> None:
        staff = User.objects.create_user("staff", is_staff=True)
        client.force_login(staff)
        assert client.get("/admin/prices/tick/").status_code == 403
        staff.user_permissions.add(Permission.objects.get(codename="view_tick"))
        assert client.get("/admin/prices/tick/").status_code == 200

    @pytest.mark.parametrize(("permission", "model"), [("price", "tick"), ("candle", "candlerow")])
    def test_a_permission_for_the_table_opens_its_view(self, client, permission, model) -> None:
        staff = User.objects.create_user("staff", is_staff=True)
        client.force_login(staff)
        staff.user_permissions.add(Permission.objects.get(codename=f"view_{permission}"))
        assert client.get(f"/admin/prices/{model}/").status_code == 200
        assert f"/admin/prices/{model}/" in client.get("/admin/").content.decode()

    @pytest.mark.parametrize(("former", "model"), [("price", "tick"), ("candle", "candlerow")])
    def test_former_addresses_lead_to_the_lists(self, admin_client, former, model) -> None:
        response = admin_client.get(f"/admin/prices/{former}/?q=ETHUSDT", follow=True)
        assert response.redirect_chain == [(f"/admin/prices/{model}/?q=ETHUSDT", 301)]
        assert {row.symbol for row in response.context["cl"].result_list} == {"ETHUSDT"}

    def test_prices_and_instants_are_shown_to_the_last_digit(self, admin_client: Client) -> None:
        page = admin_client.get("/admin/prices/tick/").content.decode()
        assert "2609.47<" in page
        assert "2025-07-03T08:30:04.000001Z" in page

    def test_the_header_says_whose_prices_these_are(self, admin_client: Client, settings) -> None:
        assert b"DEMO" not in admin_client.get("/admin/").content
        settings.DEMO = True
        assert b"Price Tracker DEMO" in admin_client.get("/admin/").content


@pytest.mark.usefixtures("tape")
class TestSearch:
    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("", ["ETHUSDT 2", "BTCUSDT 2", "ETHUSDT 1", "BTCUSDT 1"]),
            ("btcusdt", ["BTCUSDT 2", "BTCUSDT 1"]),
            ("2025-07-03T08:30:03", ["BTCUSDT 2", "ETHUSDT 1", "BTCUSDT 1"]),
            ("2025-07-03 08:30:03", ["BTCUSDT 2", "ETHUSDT 1", "BTCUSDT 1"]),
            ("2025-07-03T10:30:03+02:00 EthUsdt", ["ETHUSDT 1"]),
            ("BTCUSDT 1751531402", ["BTCUSDT 1"]),
            ("BTCUSDT 1751531400", []),
        ],
    )
    def test_ticks_at_or_before_an_instant(
        self, admin_client: Client, search: str, found: list[str]
    ) -> None:
        assert rows(admin_client, "tick", search) == found

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("ETHUSDT", ["ETHUSDT 08:31", "ETHUSDT 08:30"]),
            ("2025-07-03T08:30:59", ["ETHUSDT 08:30", "BTCUSDT 08:30"]),
            ("btcusdt 2025-07-03T08:30:59", ["BTCUSDT 08:30"]),
            ("btcusdt 1969-12-31", []),
        ],
    )
    def test_candles_of_a_minute(self, admin_client: Client, search: str, found: list[str]) -> None:
        page = admin_client.get("/admin/prices/candlerow/", {"q": search})
        candles = page.context["cl"].result_list
        assert [f"{candle.symbol} {candle.minute:%H:%M}" for candle in candles] == found

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("", ["ETHUSDT 300", "BTCUSDT 100"]),
            ("ethusdt", ["ETHUSDT 300"]),
            ("2025-07-03T08:30:15", ["BTCUSDT 100"]),
            ("ETHUSDT 2025-07-03T08:30:15", []),
        ],
    )
    def test_gaps_that_touch_an_instant(
        self, admin_client: Client, search: str, found: list[str]
    ) -> None:
        assert rows(admin_client, "gap", search) == found

    @pytest.mark.parametrize("model", ["tick", "candlerow", "gap"])
    def test_nonsense_is_told_and_finds_nothing(self, admin_client: Client, model: str) -> None:
        (why,) = messages(admin_client, model, "yesterday")
        assert why == (
            "“yesterday” is neither a recorded symbol (BTCUSDT, ETHUSDT) "
            "nor an instant such as 2025-07-03T08:30:36."
        )
        assert messages(admin_client, model, "BTCUSDT ETHUSDT") == [
            "Search for one symbol at a time."
        ]


class TestLargeTape:
    """300,000 ticks: a plan that reads them all would show."""

    @pytest.fixture
    def many(self, btc: Symbol, eth: Symbol) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO prices_price (first_trade, timestamp, trades, symbol_id, price, quantity)
                SELECT n, timestamptz '2025-07-03Z' + n * interval '1 second', 1, symbol, 1, 1
                FROM generate_series(1, 150000) AS n, unnest(%s::smallint[]) AS symbol
                """,  # noqa: E501
                [[btc.pk, eth.pk]],
            )
            cursor.execute("ANALYZE prices_price")
            # As `migrate` does: each symbol gets a branch of the view.
            cursor.execute("SELECT prices_view_refresh()")

    @pytest.mark.usefixtures("many")
    @pytest.mark.parametrize(
        "address",
        [
            "",
            "?q=ethusdt",
            "?q=2025-07-03T12:00",
            "?q=BTCUSDT 2025-07-03T12:00",
            f"?p={PAGES}",
            "?o=5",
        ],
    )
    def test_every_page_is_read_by_index(self, admin_client: Client, address: str) -> None:
        with CaptureQueriesContext(connection) as queries:
            shown = admin_client.get(f"/admin/prices/tick/{address}").context["cl"]
        assert len(queries) <= QUERIES
        assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]
        assert len(shown.result_list) == 100
        end = 100 * shown.page_num + 1
        plan = shown.queryset[end - 101 : end].explain()
        assert "price_symbol_timestamp" in plan
        # Of the few symbols the planner may well read all.
        assert "Seq Scan on prices_price" not in plan

    @pytest.mark.usefixtures("many")
    def test_pages_can_be_turned_to_a_bound(self, admin_client: Client) -> None:
        first = admin_client.get("/admin/prices/tick/")
        assert "?p=2" in first.content.decode()
        assert "?p=3" not in first.content.decode()
        last = admin_client.get(f"/admin/prices/tick/?p={PAGES}")
        assert f"?p={PAGES - 1}" in last.content.decode()
        assert f"?p={PAGES + 1}" not in last.content.decode()
        assert admin_client.get(f"/admin/prices/tick/?p={PAGES + 1}").status_code == 302


@pytest.mark.usefixtures("tape")
@pytest.mark.parametrize("model", MODELS)
class TestAddress:
    """What somebody may write into the address cannot make a page slow."""

    def test_no_filter_but_the_search(self, admin_client: Client, model: str) -> None:
        assert admin_client.get(f"/admin/prices/{model}/?id__gt=1").status_code == 400

    def test_no_page_that_is_not_there(self, admin_client: Client, model: str) -> None:
        assert admin_client.get(f"/admin/prices/{model}/?p=2").status_code == 302
        assert admin_client.get(f"/admin/prices/{model}/?p=-1").status_code == 302

    def test_nothing_is_counted(self, admin_client: Client, model: str) -> None:
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get(f"/admin/prices/{model}/?all=").content.decode()
        assert len(queries) <= QUERIES
        assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]
        assert "Show all" not in page


class TestCounters:
    """Few rows, and no symbol: a list without a search."""

    @pytest.fixture(autouse=True)
    def counted(self, db: None) -> None:
        Counter.objects.create(name="ticks_stored", value=12_345_678_901)
        Counter.objects.create(name="of_a_later_version", value=1)
        Market.objects.create(id=1, name="binance")

    def test_they_are_shown_with_what_they_mean(self, admin_client: Client) -> None:
        page = admin_client.get("/admin/prices/counter/").content.decode()
        assert "12345678901" in page
        assert COUNTERS["ticks_stored"] in page
        assert "of_a_later_version" in page
        assert 'id="searchbar"' not in page

    def test_a_listing_is_shown_as_the_exchange_wrote_it(self, admin_client: Client) -> None:
        symbol = Symbol.objects.create(name="BTCUSDT")
        Listing.objects.keep({"BTCUSDT": {"baseAsset": "BTC"}})
        assert "BTCUSDT" in admin_client.get("/admin/prices/listing/").content.decode()
        page = admin_client.get(f"/admin/prices/listing/{symbol.pk}/change/").content.decode()
        assert "baseAsset" in page

    @pytest.mark.parametrize("row", ["counter/ticks_stored", "market/1"])
    def test_they_cannot_be_changed(self, admin_client: Client, row: str) -> None:
        assert admin_client.get(f"/admin/prices/{row}/change/").status_code == 200
        assert admin_client.post(f"/admin/prices/{row}/change/", {}).status_code == 403
        assert admin_client.post(f"/admin/prices/{row}/delete/", {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize("model", ["counter", "market"])
    def test_they_are_not_counted(self, admin_client: Client, model: str) -> None:
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(f"/admin/prices/{model}/?all=")
        assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]


def test_everything_that_is_recorded_can_be_browsed() -> None:
    """Either itself or, when its key has two columns, as the view of it. Candles longer than a
    minute say nothing that those of their minutes do not say.
    """
    views = {Price: Tick, Candle: CandleRow, CoarseCandle: CandleRow}
    models = {views.get(model, model) for model in apps.get_app_config("prices").get_models()}
    assert models == {model for model in admin.site._registry if model._meta.app_label == "prices"}
