"""The tape: recorded prices, their candles, and the holes in them."""

from django.apps import AppConfig


class PricesConfig(AppConfig):
    name = "prices"
