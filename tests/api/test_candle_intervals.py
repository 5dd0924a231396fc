"""Every interval against a plain fold of the ticks, whatever was done to the tape.

And its coverage.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from prices.candle_intervals import FOREVER, INTERVALS
from prices.exchange.messages import AggTrade, micros
from prices.formats.decimals import decimal_text
from prices.minutes import EPOCH
from prices.models import Gap, Price, Symbol
from prices.models.series import Series
from prices.recording.coarse_candles import keep
from tests.api.test_candles import pages, read
from tests.recording.test_coarse_candles import ACTS, histories
from tests.support.audits import SYMBOL
from tests.support.local_exchange import BTC, ETH, TRX
from tests.support.plans import PAGE_COSTS, nodes
from tests.support.tapes import (
    Minute,
    begin,
    candles_of,
    clear,
    instant,
    open_tape,
    recorded,
    tick,
)

pytestmark = pytest.mark.django_db(transaction=True)

PUBLISHED = json.loads(
    (Path(__file__).parents[1] / "data" / "published-klines.json").read_text(encoding="utf-8"),
    parse_float=Decimal,
)

SECOND = timedelta(seconds=1)


def expected(ticks: list[AggTrade], interval: str) -> list[dict[str, Any]]:
    """What the API should list, the oldest first."""
    folded = candles_of(ticks, lambda moment: begin(interval, moment))
    return [row(symbol, begins, candle) for (symbol, begins), candle in sorted(folded.items())]


def row(symbol: str, begins: datetime, candle: Minute) -> dict[str, Any]:
    def text(number: Decimal | None) -> str | None:
        return None if number is None else decimal_text(number)

    return {
        "symbol": symbol,
        "minute": begins.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
        "trades": candle.trades,
        "quote_volume": text(candle.quote_volume),
        "taker_buy_volume": text(candle.taker_buy_volume),
        "taker_buy_quote_volume": text(candle.taker_buy_quote_volume),
    }


def listed(interval: str, limit: int, **query: Any) -> list[dict[str, Any]]:
    """All candles of the API, the oldest first."""
    found = pages(Client(), symbol=SYMBOL, interval=interval, limit=limit, **query)
    return [each for page in found for each in page][::-1]


def oldest(interval: str, limit: int) -> list[int]:
    """The seconds at which all candles begin, read forwards in parts."""
    series = Series(Symbol.objects.get(name=SYMBOL), INTERVALS[interval])
    found: list[int] = []
    while part := series.oldest(limit, found[-1] if found else None):
        assert len(part) <= limit
        found += [candle.second for candle in part]
    return found


@given(data=st.data(), history=histories())
@settings(max_examples=12)
def test_each_interval_equals_a_plain_fold_of_the_ticks(
    transactional_db: None, data: st.DataObject, history: list[AggTrade]
) -> None:
    limit = data.draw(st.integers(2, 6))
    with open_tape() as tape:
        clear(tape)
        Symbol.objects.update(kept_from=None, pruned_through=None)
        held: dict[int, AggTrade] = {}
        for act in data.draw(st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=4)):
            chosen = data.draw(st.lists(st.sampled_from(history), min_size=1, max_size=8))
            ACTS[act](tape, held, chosen)
        for interval in INTERVALS:
            rows = expected(list(held.values()), interval)
            assert listed(interval, limit) == rows
            starts = [datetime.fromisoformat(row["minute"]) for row in rows]
            assert oldest(interval, limit) == [(start - EPOCH) // SECOND for start in starts]
        tape.store(history)
        tape.prune(SYMBOL, instant(history[-1].traded), limit=data.draw(st.integers(1, 20)))
    through = Symbol.objects.get(name=SYMBOL).pruned_through
    for interval in INTERVALS:
        rows = expected(history, interval)
        if interval == "1s" and through:
            # What is left of a second is not the second.
            rows = [
                row for row in rows if datetime.fromisoformat(row["minute"]) > begin("1s", through)
            ]
        assert listed(interval, limit) == rows


@given(
    st.sampled_from(sorted(INTERVALS)),
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_boundaries_are_those_of_the_exchange(interval: str, moment: datetime) -> None:
    second = (moment - EPOCH) // SECOND
    start = INTERVALS[interval].start(second)
    assert EPOCH + start * SECOND == begin(interval, EPOCH + second * SECOND)
    end = INTERVALS[interval].end(start)
    assert begin(interval, EPOCH + end * SECOND) == EPOCH + end * SECOND
    assert begin(interval, EPOCH + (end - 1) * SECOND) == EPOCH + start * SECOND
    assert INTERVALS[interval].aligned(second) == (start if start == second else end)


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_calendar_has_an_end(interval: str) -> None:
    last = INTERVALS[interval].start(FOREVER - 1)
    assert last < FOREVER <= INTERVALS[interval].end(last)
    assert INTERVALS[interval].aligned(FOREVER) == FOREVER


@pytest.mark.parametrize("limit", [1, 7, 100, 200])
def test_months_are_read_forwards_without_a_hole(limit: int) -> None:
    """A hundred months are shorter than a hundred of the longest."""
    days = range(0, 150 * 30, 28)
    ticks = [tick(n, day * 86_400) for n, day in enumerate(days, 1)]
    with open_tape() as tape:
        tape.store(ticks)
    months = sorted({begin("1M", instant(micros(tick.traded))) for tick in ticks})
    assert len(months) > 140
    assert oldest("1M", limit) == [(month - EPOCH) // SECOND for month in months]


def test_a_refused_query_is_answered_in_the_browsable_api(client: Client) -> None:
    with open_tape() as tape:
        tape.store([tick(1)])
    for query in ("", "?symbol=BTCUSDT&interval=7m", "?symbol=BTCUSDT&include=gaps"):
        answer = client.get(f"/api/candles/{query}", headers={"accept": "text/html"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")
    shown = client.get(
        "/api/candles/?symbol=BTCUSDT&include=coverage", headers={"accept": "text/html"}
    )
    assert shown.status_code == 200
    assert "complete_through" in shown.content.decode()


def test_the_schema_describes_the_coverage_of_a_candle(client: Client) -> None:
    schema = client.get("/api/schema/", {"format": "json"}).json()
    described = schema["components"]["schemas"]["CoveredCandleAnswer"]
    assert "coverage" in described["properties"]
    assert "coverage" not in described["required"]


def test_weeks_begin_on_monday_and_months_on_the_first(client: Client) -> None:
    with open_tape() as tape:
        # A Sunday and a Monday; the last day of a month, and the first of the next.
        tape.store([tick(n, days * 86_400) for n, days in ((1, 3), (2, 4), (3, 28), (4, 29))])
    found = {
        interval: [row["minute"][:10] for row in listed(interval, 10)]
        for interval in ("3d", "1w", "1M")
    }
    assert found == {
        "3d": ["2025-07-05", "2025-07-29", "2025-08-01"],
        "1w": ["2025-06-30", "2025-07-07", "2025-07-28"],
        "1M": ["2025-07-01", "2025-08-01"],
    }


def test_candles_equal_those_that_the_exchange_published() -> None:
    ticks = [tick for file in (BTC, ETH, TRX) for tick in recorded(file)]
    with open_tape("BTCUSDT", "ETHUSDT", "TRXUSDT") as tape:
        for n in range(0, len(ticks), 5_000):
            tape.store(ticks[n : n + 5_000])
    compared = 0
    for interval, symbols in PUBLISHED.items():
        for symbol, windows in symbols.items():
            mine = [tick for tick in ticks if tick.symbol == symbol]
            if not mine:
                continue
            found = pages(Client(), symbol=symbol, interval=interval, limit=100)
            rows = {row["minute"]: row for page in found for row in page}
            begins, ends = (instant(micros(mine[n].traded)) for n in (0, -1))
            length = INTERVALS[interval].length * SECOND
            for opened, *values in windows:
                start = instant(opened * 1_000)
                if begins < start and start + length <= ends:
                    row = rows[start.strftime("%Y-%m-%dT%H:%M:%SZ")]
                    names = ("open", "high", "low", "close", "volume")
                    assert [row[name] for name in names] == values
                    compared += 1
    assert compared == 28


def test_recorded_ticks_make_the_same_seconds_as_a_plain_fold() -> None:
    ticks = recorded(BTC)
    with open_tape() as tape:
        tape.store(ticks)
    assert listed("1s", 100) == expected(ticks, "1s")


@given(history=histories(), left_out=st.sets(st.integers(0, 15), max_size=4))
@settings(max_examples=12)
def test_the_coverage_of_each_candle_equals_a_plain_model(
    transactional_db: None, history: list[AggTrade], left_out: set[int]
) -> None:
    with open_tape() as tape:
        clear(tape)
        Symbol.objects.update(kept_from=None, pruned_through=None, heard_at=None)
        stored = [tick for n, tick in enumerate(history) if n not in left_out] or history
        tape.store(stored)
    gaps = list(Gap.objects.filter(status="open"))
    times = [instant(micros(tick.traded)) for tick in stored]
    for name, interval in INTERVALS.items():
        began = begin("1s" if name == "1s" else "1m", min(times))
        for row in listed(name, 7, include="coverage"):
            start = datetime.fromisoformat(row["minute"])
            end = EPOCH + interval.end((start - EPOCH) // SECOND) * SECOND
            if any(gap.starts < end and start <= gap.ends for gap in gaps):
                verdict = "incomplete"
            else:
                verdict = "complete" if began < start and end <= max(times) else "unknown"
            assert row["coverage"]["verdict"] == verdict


def test_a_minute_has_the_coverage_of_the_question(client: Client) -> None:
    with open_tape() as tape:
        tape.store([tick(1, 0), tick(2, 60), tick(5, 130), tick(6, 190), tick(7, 250)])
    rows = listed("1m", 2, include="coverage")
    assert [row["coverage"]["verdict"] for row in rows] == [
        "unknown",
        "incomplete",
        "incomplete",
        "complete",
        "unknown",
    ]
    for row in rows:
        asked = {"symbol": SYMBOL, "timestamp": row["minute"], "include": "coverage"}
        assert row["coverage"] == read(client, "/minmax", **asked)["coverage"]


def test_a_running_interval_is_complete_through_the_watermark(client: Client) -> None:
    with open_tape() as tape:
        with connection.cursor() as cursor:
            cursor.execute("SELECT now()")
            ((now,),) = cursor.fetchall()
        month = begin("1M", now)
        before = (month - timedelta(days=40) - EPOCH) // timedelta(microseconds=1)
        within = (now - timedelta(seconds=1) - EPOCH) // timedelta(microseconds=1)
        tape.store(
            [
                AggTrade(SYMBOL, n, n, "100", "1", time, time)
                for n, time in ((1, before), (2, within))
            ]
        )
        tape.heartbeat([SYMBOL], now)
        rows = listed("1M", 5, include="coverage")
    coverage = rows[-1]["coverage"]
    # A second before the first of the month is of the month before.
    if begin("1M", instant(within)) == month:
        assert coverage["verdict"] == "complete"
        assert datetime.fromisoformat(coverage["complete_through"]) == now


def test_no_other_thing_can_be_included(client: Client) -> None:
    with open_tape() as tape:
        tape.store([tick(1)])
    answer = client.get("/api/candles/", {"symbol": SYMBOL, "include": "gaps"})
    assert (answer.status_code, list(answer.json())) == (400, ["include"])


@pytest.mark.parametrize("random_page_cost", PAGE_COSTS)
@pytest.mark.parametrize("interval", [name for name, each in INTERVALS.items() if each.source > 1])
def test_a_page_reads_few_rows_for_each_candle(
    client: Client, interval: str, random_page_cost: float
) -> None:
    """Of 25,000 minutes: at most seven stored candles for each, and those of the running day."""
    limit = 6
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO prices_candle (
                    minute, first_trade, last_trade, trades, symbol_id,
                    open, high, low, close, volume
                )
                SELECT
                    timestamptz '2025-07-03Z' + n * interval '1 minute', n, n, 1, symbol,
                    1, 1, 1, 1, 1
                FROM generate_series(1, 25000) AS n, unnest(%s::smallint[]) AS symbol
                """,
                [list(tape.numbers.values())],
            )
        keep(tape.database, dict.fromkeys(tape.numbers.values(), ()))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE prices_candle, prices_coarsecandle")
        cursor.execute("SELECT set_config('random_page_cost', %s, false)", [str(random_page_cost)])
        with CaptureQueriesContext(connection) as queries:
            rows = read(client, "/api/candles/", symbol=SYMBOL, interval=interval, limit=limit)
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + queries[-1]["sql"])
        ((plan,),) = cursor.fetchone()
        cursor.execute("RESET random_page_cost")
    assert rows["results"]
    read_rows = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") in {"prices_candle", "prices_coarsecandle"}
    )
    most = 31 if interval == "1M" else 7
    # The newest of each width is looked up; the running ones have up to 5, 3, 3 and 14 parts.
    assert 0 < read_rows <= (limit + 1) * most + 4 + 25


def test_no_second_is_made_of_what_pruning_has_left(client: Client) -> None:
    with open_tape() as tape:
        tape.store([tick(1, 0.1), tick(2, 0.2), tick(3, 1), tick(4, 2)])
        assert [row["trades"] for row in listed("1s", 2)] == [2, 1, 1]
        tape.prune(SYMBOL, instant(tick(9, 0.9).traded), limit=1)
    assert Price.objects.count() == 3
    assert [row["minute"][17:19] for row in listed("1s", 2)] == ["01", "02"]
    assert [row["trades"] for row in listed("1m", 2)] == [4]
