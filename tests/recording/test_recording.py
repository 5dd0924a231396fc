"""Recording through real sockets and processes, from the exchange's frames to the rows."""

import bisect
import json
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count, Min

from prices.counter_names import COUNTERS
from prices.exchange.messages import AggTrade, micros
from prices.management.commands.stream_prices import keep
from prices.models import Counter, Gap, Listing, Price, Symbol
from prices.recording.watermark import SETTLING
from tests.support.local_exchange import BTC, ETH, TRX, Running, local_exchange
from tests.support.recorders import PATIENCE, database_url, eventually, manage, recorder
from tests.support.tapes import EPOCH, check, instant, open_tape, recorded, stored_candles, tick

pytestmark = pytest.mark.django_db(transaction=True)

# Microseconds from a trade to its frame, on the local exchange.
LAG = 3_000

SYMBOLS = ("BTCUSDT", "ETHUSDT", "TRXUSDT")

PUBLISHED = json.loads(
    (Path(__file__).parents[1] / "data" / "published-klines.json").read_text(encoding="utf-8"),
    parse_float=Decimal,
)


@pytest.fixture(scope="module")
def files() -> list[AggTrade]:
    return [tick for file in (BTC, ETH, TRX) for tick in recorded(file)]


@pytest.fixture
def replayed(files: list[AggTrade]) -> Iterator[Running]:
    """The recorded files after a recorder has taken them at full speed."""
    with local_exchange(BTC, ETH, TRX) as exchange:
        with recorder(exchange, *SYMBOLS):
            eventually(all_heard)
        yield exchange


def all_heard() -> bool:
    """The recorder vouches for each symbol up to the last tick of all, the settling time allowed
    for.
    """
    last = max(micros(recorded(file)[-1].traded) for file in (BTC, ETH, TRX))
    heard = Symbol.objects.aggregate(least=Min("heard_through"), known=Count("heard_through"))
    return heard["known"] == len(SYMBOLS) and heard["least"] >= instant(last + LAG - SETTLING)


def test_every_tick_of_the_files_is_on_the_tape_once(files, replayed) -> None:
    with open_tape(*SYMBOLS) as tape:
        check(tape, files)
        Symbol.objects.update(heard_through=None)
        with local_exchange(BTC, ETH, TRX) as again, recorder(again, *SYMBOLS):
            eventually(all_heard)
        check(tape, files)


def test_what_is_recorded_is_counted_once(files, replayed) -> None:
    counts = dict(Counter.objects.values_list("name", "value"))
    assert counts.keys() <= COUNTERS.keys()
    assert counts["ticks_stored"] == len(files)
    assert 0 < counts["batches_stored"] <= len(files)
    gaps = Gap.objects.count()
    assert counts.get("gaps_opened", 0) == gaps


def test_full_minutes_equal_those_that_the_exchange_published(files, replayed) -> None:
    stored = stored_candles()
    for symbol, windows in PUBLISHED["1m"].items():
        ticks = [tick for tick in files if tick.symbol == symbol]
        if not ticks:
            continue
        begins, ends = (instant(micros(ticks[n].traded)) for n in (0, -1))
        full = [
            w
            for w in windows
            if begins < instant(w[0] * 1000) and instant(w[0] * 1000 + 60_000_000) <= ends
        ]
        assert len(full) == 10
        for opened, *values in full:
            candle = stored[symbol, instant(opened * 1000)]
            assert [candle[name] for name in ("open", "high", "low", "close", "volume")] == values


def test_a_thousand_instants_get_the_right_price(files, replayed) -> None:
    draw = random.Random(1)
    for symbol in SYMBOLS:
        ticks = sorted((micros(t.traded), t.first, t.price) for t in files if t.symbol == symbol)
        times = [time for time, _, _ in ticks]
        for _ in range(334):
            asked = draw.choice([draw.choice(times), draw.randint(times[0] - 1_000_000, times[-1])])
            tick, _ = Price.objects.as_of(symbol, instant(asked))
            found = bisect.bisect_right(times, asked) - 1
            if found < 0:
                assert tick is None
            else:
                assert (tick.first_trade, tick.price) == (ticks[found][1], Decimal(ticks[found][2]))


def test_a_killed_recorder_leaves_no_tick_half_counted(draw: random.Random) -> None:
    with local_exchange(loop=True, speed=50) as exchange:
        for _ in range(6):
            before = Price.objects.count()
            with recorder(exchange) as process:
                eventually(lambda: Price.objects.count() > before)  # noqa: B023 - called in this round only
                time.sleep(draw.uniform(0, 0.5))
                process.kill()
                process.wait(PATIENCE)
            check_against_itself()


def test_of_two_recorders_on_one_tape_either_may_be_killed(draw: random.Random) -> None:
    ticks = [*recorded(BTC), *recorded(ETH)]
    with local_exchange(BTC, ETH, speed=60) as exchange:
        with recorder(exchange), recorder(exchange) as second:
            eventually(lambda: Price.objects.count() > 1000)
            time.sleep(draw.uniform(0, 0.5))
            second.kill()
            second.wait(PATIENCE)
            with recorder(exchange) as third:
                eventually(lambda: Price.objects.count() > 8000)
                third.kill()
                third.wait(PATIENCE)
            eventually(
                lambda: (
                    Price.objects.count() == len(ticks)
                    and not Gap.objects.filter(status="open").exists()
                )
            )
        with open_tape("BTCUSDT", "ETHUSDT") as tape:
            check(tape, ticks)
        assert exchange.exchange.judge.violations() == []


def check_against_itself() -> None:
    """Candles and gaps are exactly those of the ticks that are stored."""
    with open_tape("BTCUSDT", "ETHUSDT") as tape:
        check(tape, stored())


def stored() -> list[AggTrade]:
    return [
        AggTrade(
            row.symbol.name,
            row.first_trade,
            row.last_trade,
            str(row.price),
            str(row.quantity),
            (row.timestamp - EPOCH) // timedelta(microseconds=1),
            0,
            row.is_buyer_maker,
        )
        for row in Price.objects.select_related("symbol")
    ]


def test_a_wrong_symbol_ends_the_command_with_its_likes() -> None:
    with local_exchange() as exchange:
        process = manage("stream_prices", "BTCUSD", exchange=exchange)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Binance Spot lists no symbol BTCUSD. Did you mean BTCUSDT" in output
    assert "Traceback" not in output


def test_a_delisted_symbol_stops_no_other() -> None:
    with open_tape("OLDUSDT") as tape:
        tape.store([tick(1, symbol="OLDUSDT")])
    with local_exchange() as exchange, recorder(exchange, "BTCUSDT", "OLDUSDT") as process:
        eventually(Price.objects.filter(symbol__name="BTCUSDT").exists)
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "OLDUSDT is on the tape, but the exchange no longer lists it" in output


def test_how_symbols_are_listed_is_kept() -> None:
    with local_exchange() as exchange, recorder(exchange, "BTCUSDT"):
        eventually(Listing.objects.exists)
    body = Listing.objects.get().body
    assert (body["symbol"], body["baseAsset"], body["quoteAsset"]) == ("BTCUSDT", "BTC", "USDT")
    assert {rule["filterType"] for rule in body["filters"]} == {"PRICE_FILTER", "LOT_SIZE"}


@pytest.mark.parametrize("body", [b'{"a": "\\u0000"}', b"{", b'{"a": "\\ud800"}'])
def test_a_listing_that_cannot_be_kept_is_only_logged(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with open_tape("BTCUSDT"):
        keep({"BTCUSDT": body})
    assert not Listing.objects.exists()
    assert "How the exchange lists the symbols cannot be kept: " in caplog.text


def test_a_wrong_symbol_is_wrong_when_asked_again() -> None:
    """When the symbols could not be checked, it got a row, but no tick."""
    with open_tape("BTCUDST"), local_exchange() as exchange:
        process = manage("stream_prices", "BTCUDST", exchange=exchange)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Binance Spot lists no symbol BTCUDST. Did you mean BTCUSDT" in output


def test_recording_begins_when_symbols_cannot_be_checked() -> None:
    with local_exchange() as exchange:
        unreachable = Running(exchange.ws_url, "http://127.0.0.1:1", exchange.exchange)
        with recorder(unreachable) as process:
            eventually(Price.objects.exists)
            process.terminate()
            output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "could not be checked" in output


def test_a_database_without_tables_is_named() -> None:
    process = manage("stream_prices", DATABASE_URL=database_url(name="postgres"))
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "manage.py migrate" in output
    assert "Traceback" not in output


def test_a_refusal_ends_the_recorder_with_its_reason() -> None:
    with local_exchange() as exchange:
        process = manage("stream_prices", exchange=exchange)
        eventually(Price.objects.exists)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE prices_candle RENAME TO elsewhere")
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE elsewhere RENAME TO prices_candle")
    assert process.returncode == 1
    assert 'The database refuses: relation "prices_candle" does not exist' in output
    assert "buffered frames are not stored" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/none", "mysql://x/y", "postgresql://"]
)
def test_an_unusable_database_url_is_one_sentence(url: str) -> None:
    process = manage("stream_prices", DATABASE_URL=url)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in output
    assert "atabase" in output or "DATABASE_URL" in output
