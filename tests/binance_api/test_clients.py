"""Programs of others, as they are published, read from the tape: one setting names the address."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest
from binance.client import Client as PythonBinance

from prices.exchange.agg_trades import AggTrades
from prices.exchange.exchange_info import look_up
from prices.exchange.messages import AggTrade
from prices.exchange.rest import Rest
from prices.management.commands.stream_prices import keep
from prices.recording.session import connect
from prices.recording.tape import Tape
from tests.support.sites import running_site
from tests.support.tapes import recorded

pytestmark = pytest.mark.django_db(transaction=True)

RECORDINGS = Path(__file__).parents[2] / "replay" / "recordings"
SYMBOLS = {"BTCUSDT": "BTC/USDT", "ETHUSDT": "ETH/USDT"}
TICKS = [tick for path in sorted(RECORDINGS.glob("*.csv.gz")) for tick in recorded(path)]
BTC = [tick for tick in TICKS if tick.symbol == "BTCUSDT"]


def listing(name: str) -> bytes:
    base, quote = SYMBOLS[name].split("/")
    body = {
        "symbol": name,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001000",
                "maxQty": "9000.00000000",
                "stepSize": "0.00001000",
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }
    return json.dumps(body).encode()


@pytest.fixture
def site() -> Iterator[str]:
    tape = Tape(connect("tests"))
    tape.register(list(SYMBOLS))
    for n in range(0, len(TICKS), 5_000):
        tape.store(TICKS[n : n + 5_000])
    tape.close()
    keep({name: listing(name) for name in SYMBOLS})
    with running_site() as site:
        yield site.url


def sides(ticks: list[AggTrade]) -> list[tuple[str, str]]:
    """The id and the taker's side of each tick."""
    return [(str(tick.first), "sell" if tick.is_buyer_maker else "buy") for tick in ticks]


def test_ccxt_reads_markets_tickers_candles_and_trades(site: str) -> None:
    exchange = ccxt.binance({"options": {"fetchMarkets": {"types": ["spot"]}}})
    exchange.urls["api"]["public"] = f"{site}/api/v3"
    markets = exchange.load_markets()
    assert sorted(markets) == ["BTC/USDT", "ETH/USDT"]
    assert markets["BTC/USDT"]["precision"]["price"] == 0.01

    ticker = exchange.fetch_ticker("BTC/USDT")
    assert Decimal(str(ticker["last"])) == Decimal(BTC[-1].price)

    first = BTC[0].traded
    candles = exchange.fetch_ohlcv("BTC/USDT", "1m", since=first // 60_000 * 60_000, limit=3)
    prices = [Decimal(tick.price) for tick in BTC if tick.traded // 60_000 == first // 60_000]
    assert candles[0][:5] == [
        first // 60_000 * 60_000,
        *map(float, (prices[0], max(prices), min(prices), prices[-1])),
    ]
    assert len(candles) == 3

    by_time = exchange.fetch_trades("BTC/USDT", since=first, limit=500)
    assert [(trade["id"], trade["side"]) for trade in by_time] == sides(BTC[:500])
    by_id = exchange.fetch_trades("BTC/USDT", limit=10, params={"fromId": BTC[100].first})
    assert [(trade["id"], trade["side"]) for trade in by_id] == sides(BTC[100:110])
    assert [Decimal(trade["info"]["p"]) for trade in by_id] == [
        Decimal(tick.price) for tick in BTC[100:110]
    ]


def test_ccxt_is_told_that_a_symbol_is_unknown(site: str) -> None:
    exchange = ccxt.binance({"options": {"fetchMarkets": {"types": ["spot"]}}})
    exchange.urls["api"]["public"] = f"{site}/api/v3"
    exchange.load_markets()
    with pytest.raises(ccxt.BadSymbol):
        exchange.public_get_klines({"symbol": "NONESUCH", "interval": "1m"})


def test_python_binance_reads_to_the_end(site: str) -> None:
    client = PythonBinance(ping=False)
    client.API_URL = f"{site}/api"
    start = BTC[0].traded
    rows = client.get_historical_klines("BTCUSDT", "1m", start // 60_000 * 60_000, BTC[-1].traded)
    assert len(rows) == len({tick.traded // 60_000 for tick in BTC})
    assert sum(row[8] for row in rows) == sum(tick.last - tick.first + 1 for tick in BTC)
    trades = client.aggregate_trade_iter("BTCUSDT", start_str=start)
    assert [(row["a"], row["m"]) for row in trades] == [
        (tick.first, tick.is_buyer_maker) for tick in BTC
    ]
    assert client.get_symbol_ticker(symbol="BTCUSDT")["price"] == BTC[-1].price
    assert client.get_symbol_info("ETHUSDT")["quoteAsset"] == "USDT"


def test_another_tracker_repairs_itself_from_here(site: str) -> None:
    with Rest(site) as rest:
        assert look_up(rest, ["BTCUSDT"]).statuses == {"BTCUSDT": "TRADING"}
        found, number = [], 0
        while (page := AggTrades(rest, "BTCUSDT").onward(number)).rows:
            assert page.nonsense is None
            found += page.ticks
            number = page.rows[-1].number + 1
    kept = [(tick.first, tick.last, tick.price, tick.is_buyer_maker) for tick in found]
    assert kept == [(tick.first, tick.last, tick.price, tick.is_buyer_maker) for tick in BTC]
