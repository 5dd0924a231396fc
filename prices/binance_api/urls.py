"""The addresses of Binance's read API."""

from django.urls import path, re_path

from . import agg_trades, general, klines, listing, tickers
from .endpoint import unknown_path

urlpatterns = [
    path("ping", general.ping),
    path("time", general.server_time),
    path("exchangeInfo", listing.exchange_info),
    path("ticker/price", tickers.ticker_price),
    path("ticker/24hr", tickers.ticker_24hr),
    path("avgPrice", tickers.avg_price),
    path("aggTrades", agg_trades.agg_trades),
    path("klines", klines.klines),
    path("uiKlines", klines.klines),
    re_path("", unknown_path),
]
