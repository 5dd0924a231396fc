"""The tape: recorded prices, their candles, and the gaps in them."""

import os

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .exchange.proxies import BadProxy, choose


class PricesConfig(AppConfig):
    name = "prices"

    def ready(self) -> None:
        """Refuse a proxy variable that makes no sense, if the exchange would be reached by it."""
        try:
            for url in (settings.BINANCE_WS_URL, settings.BINANCE_REST_URL):
                choose(url, os.environ)
        except BadProxy as error:
            # What it came from may show the password.
            raise ImproperlyConfigured(str(error)) from None
