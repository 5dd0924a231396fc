"""Candles of every interval: against a plain fold of the minutes, page by page, to the last
digit.
"""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from prices.candle_intervals import INTERVALS
from prices.formats.decimals import decimal_text
from prices.minutes import minute_number
from prices.models import Candle, Symbol
from tests.support.plans import PAGE_COSTS, nodes
from tests.support.tapes import START, begin, open_tape, tick

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2025, 7, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = 1440


@pytest.fixture
def symbols() -> dict[str, Symbol]:
    """Neighbours in the key, so that what belongs to another would be seen."""
    return {name: Symbol.objects.create(name=name) for name in ("ADAUSDT", "BTCUSDT", "ETHUSDT")}


# What may be not known of a candle, and is told as text.
UNKNOWN = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")


def candle(symbol: Symbol, number: int, **figures: Any) -> Candle:
    """The candle of a minute, numbered from MIDNIGHT, whose figures no other minute has."""
    minute = MIDNIGHT + number * MINUTE
    plain = {
        "open": Decimal(50_000 + number),
        "high": Decimal(7000 + number * 31 % 1009),
        "low": Decimal(1) + Decimal(number * 37 % 1013) / 100_000_000,
        "close": Decimal(50_000 - number),
        # Python adds 28 digits exactly: there is room for those of a day.
        "volume": Decimal(10**16 + number) + Decimal("0.00000001"),
        "trades": 1 + number % 7,
        "first_trade": number * 10 + 1,
        "last_trade": number * 10 + 9,
        # Of some minutes they are not known.
        "quote_volume": None if number % 4 == 3 else Decimal(number) + Decimal(10) ** -16,
        "taker_buy_volume": None if number % 5 == 3 else Decimal(number),
        "taker_buy_quote_volume": None if number % 7 == 3 else Decimal(number) / 2,
    }
    return Candle(symbol=symbol, minute=minute, **plain | figures)


# Those that are folded from minutes.
LONG = [name for name, interval in INTERVALS.items() if interval.source]


def fold(minutes: Iterable[Candle], interval: str) -> list[dict[str, Any]]:
    """Candles of an interval, by the book, as the API gives them, the newest first."""
    folded: dict[datetime, dict[str, Any]] = {}
    for each in sorted(minutes, key=lambda candle: candle.minute):
        begins = begin(interval, each.minute)
        row = folded.setdefault(
            begins,
            {
                "symbol": each.symbol.name,
                "minute": begins.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "open": each.open,
                "high": each.high,
                "low": each.low,
                "close": each.close,
                "volume": Decimal(0),
                "trades": 0,
                **dict.fromkeys(UNKNOWN, Decimal(0)),
            },
        )
        row["high"], row["low"] = max(row["high"], each.high), min(row["low"], each.low)
        row["close"] = each.close
        row["volume"] += each.volume
        row["trades"] += each.trades
        for name in UNKNOWN:
            value = getattr(each, name)
            row[name] = None if None in (row[name], value) else row[name] + value
    for row in folded.values():
        row |= {name: None if row[name] is None else decimal_text(row[name]) for name in UNKNOWN}
    return [row for _, row in sorted(folded.items(), reverse=True)]


def read(client: Client, url: str, **query: Any) -> dict[str, Any]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content, parse_float=Decimal)


def pages(client: Client, **query: Any) -> list[list[dict[str, Any]]]:
    """All pages of candles, each read from the `next` of the one before."""
    page = read(client, "/api/candles/", **query)
    found = [page["results"]]
    while page["next"]:
        page = read(client, page["next"])
        found.append(page["results"])
    return found


numbers = st.frozensets(
    st.integers(-2 * DAY, -2 * DAY + 20)
    | st.integers(-30, 70)
    | st.integers(-DAY, 3 * DAY)
    | st.integers(-70 * DAY, 40 * DAY),
    max_size=60,
)
instants = st.none() | st.builds(
    lambda minutes, seconds: MIDNIGHT + minutes * MINUTE + timedelta(seconds=seconds),
    st.integers(-30, 70) | st.integers(-3 * DAY, 4 * DAY) | st.integers(-3, 4).map(DAY.__mul__),
    st.sampled_from([0, 0, 1, 59]),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("interval", LONG)
@given(numbers, instants, instants, st.integers(1, 8))
@settings(max_examples=15)
def test_pages_hold_each_candle_once_and_whole(
    symbols: dict[str, Symbol],
    interval: str,
    numbers: frozenset[int],
    start: datetime | None,
    end: datetime | None,
    limit: int,
) -> None:
    minutes = [candle(symbols["BTCUSDT"], number) for number in numbers]
    around = [candle(symbols[name], number) for name in ("ADAUSDT", "ETHUSDT") for number in (0, 5)]
    Candle.objects.all().delete()
    Candle.objects.bulk_create(minutes + around)
    bounds = {"from": start, "to": end}
    asked = {name: bound.isoformat() for name, bound in bounds.items() if bound}
    found = pages(Client(), symbol="BTCUSDT", interval=interval, limit=limit, **asked)
    expected = [
        row
        for row in fold(minutes, interval)
        if (not start or start <= datetime.fromisoformat(row["minute"]))
        and (not end or datetime.fromisoformat(row["minute"]) < end)
    ]
    assert [row for page in found for row in page] == expected
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1] or not expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("interval", LONG)
@given(st.lists(numbers, min_size=3, max_size=3))
@settings(max_examples=8)
def test_the_newest_candle_of_a_symbol_is_first_in_its_list(
    symbols: dict[str, Symbol], interval: str, numbers: list[frozenset[int]]
) -> None:
    tape = {
        name: [candle(symbols[name], number) for number in traded]
        for name, traded in zip(symbols, numbers, strict=True)
    }
    Candle.objects.all().delete()
    Candle.objects.bulk_create([each for candles in tape.values() for each in candles])
    wanted = ("ADAUSDT", "ETHUSDT")
    found = Candle.objects.newest({symbols[name].pk for name in wanted}, INTERVALS[interval])
    expected = [fold(tape[name], interval)[0] for name in wanted if tape[name]]
    assert [
        (
            each.symbol,
            each.minute,
            *map(Decimal, (each.open, each.high, each.low, each.close, each.volume)),
        )
        for each in found
    ] == [
        (
            row["symbol"],
            row["minute"],
            *(row[name] for name in ("open", "high", "low", "close", "volume")),
        )
        for row in expected
    ]


def test_a_wide_candle_says_whose_its_open_and_close_are(symbols: dict[str, Symbol]) -> None:
    Candle.objects.bulk_create(candle(symbols["BTCUSDT"], number) for number in (1, 3, 4, 5))
    wide, *_ = Candle.objects.newest([symbols["BTCUSDT"].pk], INTERVALS["1d"])
    assert (wide.first_trade, wide.last_trade) == (11, 59)
    # The key is that of the minute that begins the interval, whether it has a candle or not.
    assert wide.minute == "2025-07-03T00:00:00Z"


def test_numbers_keep_every_stored_digit(symbols: dict[str, Symbol], client: Client) -> None:
    figures = {
        "open": "9999999999.99999999",
        "high": "9999999999.99999999",
        "low": "0.00000010",
        "close": "100.00000000",
        "volume": "99999999999999999999.99999999",
        "trades": 2_147_483_647,
        "quote_volume": "999999999999999999999999999999.9999999999999999",
        "taker_buy_volume": None,
        "taker_buy_quote_volume": "0.0000000000000001",
    }
    Candle.objects.bulk_create(candle(symbols["BTCUSDT"], number, **figures) for number in (0, 59))
    answer = client.get("/api/candles/", {"symbol": "BTCUSDT", "interval": "1h"})
    assert answer.content == (
        b'{"next":null,"results":[{"symbol":"BTCUSDT","minute":"2025-07-03T00:00:00Z",'
        b'"open":9999999999.99999999,"high":9999999999.99999999,"low":0.0000001,"close":100,'
        b'"volume":199999999999999999999.99999998,"trades":4294967294,'
        b'"quote_volume":"1999999999999999999999999999999.9999999999999998",'
        b'"taker_buy_volume":null,"taker_buy_quote_volume":"0.0000000000000002"}]}'
    )


def test_stored_ticks_are_in_the_candles_of_every_interval(client: Client) -> None:
    with open_tape("BTCUSDT") as tape:
        tape.store([tick(1, -1, "7"), tick(2, 0, "5", trades=3), tick(5, 299, "9"), tick(6, 300)])
    found = {
        interval: [
            (row["minute"][11:16], row["open"], row["close"], row["trades"])
            for row in read(client, "/api/candles/", symbol="btcusdt", interval=interval)["results"]
        ]
        for interval in INTERVALS
    }
    assert found["5m"] == [("08:35", 100, 100, 1), ("08:30", 5, 9, 4), ("08:25", 7, 7, 1)]
    assert found["15m"] == [("08:30", 5, 100, 5), ("08:15", 7, 7, 1)]
    assert found["1h"] == found["4h"] == [("08:00", 7, 100, 6)]
    assert found["1d"] == [("00:00", 7, 100, 6)]


def test_open_and_close_go_by_trade_id_across_minutes(client: Client) -> None:
    """Trade times may step back by up to a second where ids go on."""
    with open_tape("BTCUSDT") as tape:
        tape.store([tick(1, 60.2, "7"), tick(2, 59.8, "5"), tick(3, 60.1, "6"), tick(4, 59.9, "8")])
    (row,) = read(client, "/api/candles/", symbol="BTCUSDT", interval="5m")["results"]
    assert (row["open"], row["close"], row["trades"]) == (7, 8, 4)


def test_a_minute_is_the_interval_when_none_is_asked_for(client: Client) -> None:
    with open_tape("BTCUSDT") as tape:
        tape.store([tick(1, 0), tick(2, 60)])
    rows = read(client, "/api/candles/", symbol="BTCUSDT")["results"]
    assert [row["minute"] for row in rows] == ["2025-07-03T08:31:00Z", "2025-07-03T08:30:00Z"]


def test_filling_between_two_pages_repeats_no_candle(
    symbols: dict[str, Symbol], client: Client
) -> None:
    Candle.objects.bulk_create(candle(symbols["BTCUSDT"], number) for number in (30, 61, 130))
    asked = {"symbol": "BTCUSDT", "interval": "1h", "limit": 2}
    page = read(client, "/api/candles/", **asked)
    candle(symbols["BTCUSDT"], 60).save(force_insert=True)
    begun = [
        row["minute"][11:16] for row in (*page["results"], *read(client, page["next"])["results"])
    ]
    assert begun == ["02:00", "01:00", "00:00"]


@pytest.mark.parametrize(("number", "begun"), [(61, ["01:00", "00:00"]), (60, ["00:00"])])
def test_a_page_that_begins_within_an_interval_cuts_no_candle(
    symbols: dict[str, Symbol], client: Client, number: int, begun: list[str]
) -> None:
    """A cursor of another interval: what begins before its minute is there, and whole."""
    minutes = [candle(symbols["BTCUSDT"], number) for number in range(0, 130, 10)]
    Candle.objects.bulk_create(minutes)
    position = str(minute_number(MIDNIGHT + number * MINUTE) * 60)
    cursor = base64.urlsafe_b64encode(position.encode()).decode()
    asked = {"symbol": "BTCUSDT", "interval": "1h", "cursor": cursor}
    rows = read(client, "/api/candles/", **asked)["results"]
    assert [row["minute"][11:16] for row in rows] == begun
    assert rows == fold(minutes, "1h")[-len(begun) :]


@pytest.mark.parametrize("position", ["0", "1", "2147483647"])
@pytest.mark.parametrize("interval", LONG)
def test_a_cursor_of_anywhere_leads_to_no_other_symbol(
    symbols: dict[str, Symbol], client: Client, position: str, interval: str
) -> None:
    minutes = {name: candle(symbol, 0) for name, symbol in symbols.items()}
    Candle.objects.bulk_create(minutes.values())
    cursor = base64.urlsafe_b64encode(position.encode()).decode()
    asked = {"symbol": "BTCUSDT", "interval": interval, "cursor": cursor}
    found = read(client, "/api/candles/", **asked)["results"]
    whole = fold([minutes["BTCUSDT"]], interval)
    assert found == (whole if int(position) > 1 else [])


@pytest.mark.parametrize("position", ["-1", "-9223372036854775808", "9223372036854775807"])
def test_a_cursor_of_no_minute_is_refused(
    symbols: dict[str, Symbol], client: Client, position: str
) -> None:
    """Such as one from before candles were told apart by their minutes."""
    cursor = base64.urlsafe_b64encode(position.encode()).decode()
    answer = client.get("/api/candles/", {"symbol": "BTCUSDT", "cursor": cursor})
    assert answer.status_code == 400
    assert "cursor" in answer.json()


@pytest.mark.parametrize("interval", LONG)
def test_a_range_may_be_all_of_the_calendar(
    symbols: dict[str, Symbol], client: Client, interval: str
) -> None:
    minutes = {name: candle(symbol, 0) for name, symbol in symbols.items()}
    Candle.objects.bulk_create(minutes.values())
    asked = {"symbol": "BTCUSDT", "interval": interval}
    all_time = {"from": "0001-01-01T00:00", "to": "9999-12-31T23:59:59.999999"}
    found = read(client, "/api/candles/", **asked, **all_time)["results"]
    assert found == fold([minutes["BTCUSDT"]], interval)
    no_time = {"from": "9999-12-31T23:59:59.999999", "to": "0001-01-01T00:00"}
    assert read(client, "/api/candles/", **asked, **no_time) == {"next": None, "results": []}


@pytest.mark.parametrize("interval", ["", "1MO", "60m", "2m", "1W", "1D", "0s"])
def test_another_interval_is_refused(symbols, client: Client, interval: str) -> None:
    answer = client.get("/api/candles/", {"symbol": "BTCUSDT", "interval": interval})
    assert answer.status_code == 400
    assert list(answer.json()) == ["interval"]


def test_the_schema_names_the_intervals(client: Client) -> None:
    schema = client.get("/api/schema/", {"format": "json"}).json()
    described = schema["paths"]["/api/candles/"]["get"]["parameters"]
    (interval,) = (each["schema"] for each in described if each["name"] == "interval")
    assert (interval["enum"], interval["default"]) == (list(INTERVALS), "1m")


@pytest.mark.parametrize("interval", ["1m", "3m", "1h", "1d"])
def test_a_page_is_one_query_beside_the_one_for_the_symbol(
    symbols: dict[str, Symbol],
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    interval: str,
) -> None:
    Candle.objects.bulk_create(candle(symbols["BTCUSDT"], number) for number in range(0, 9000, 9))
    with django_assert_num_queries(2):
        found = read(client, "/api/candles/", symbol="BTCUSDT", interval=interval, limit=5)
    assert len(found["results"]) == 5


@pytest.mark.parametrize("interval", LONG)
def test_the_newest_candles_take_one_query(
    symbols: dict[str, Symbol], django_assert_num_queries: DjangoAssertNumQueries, interval: str
) -> None:
    Candle.objects.bulk_create(candle(symbol, 0) for symbol in symbols.values())
    numbers = [symbol.pk for symbol in symbols.values()]
    with django_assert_num_queries(1):
        found = [each.symbol for each in Candle.objects.newest(numbers, INTERVALS[interval])]
    assert found == list(symbols)


@pytest.mark.parametrize("random_page_cost", PAGE_COSTS)
@pytest.mark.parametrize(("interval", "limit"), [("1m", 500), ("1h", 50), ("1d", 2)])
def test_a_long_tape_is_read_by_its_key_as_far_as_a_page_goes(
    symbols: dict[str, Symbol], client: Client, interval: str, limit: int, random_page_cost: float
) -> None:
    """50,000 minutes: a plan that reads them all would show."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO prices_candle
                (minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
            SELECT timestamptz 'epoch' + n * interval '1 minute', n, n, 1, symbol, 1, 1, 1, 1, 1
            FROM generate_series(%s, %s) AS n, unnest(%s::smallint[]) AS symbol
            """,
            [
                minute_number(START),
                minute_number(START) + 25_000,
                [symbols["BTCUSDT"].pk, symbols["ETHUSDT"].pk],
            ],
        )
        cursor.execute("ANALYZE prices_candle")
        cursor.execute("SELECT set_config('random_page_cost', %s, true)", [str(random_page_cost)])
        with CaptureQueriesContext(connection) as queries:
            read(client, "/api/candles/", symbol="BTCUSDT", interval=interval, limit=limit)
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + queries[-1]["sql"])
        ((plan,),) = cursor.fetchone()
    assert 0 < rows_read(plan["Plan"]) <= (limit + 1) * (INTERVALS[interval].length / 60 + 2)


def rows_read(plan: dict[str, Any]) -> float:
    """Rows of the candles that a plan reads from the table, those that it then leaves out
    included.
    """
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") == "prices_candle"
    )
