"""The tape: recorded prices, their candles, and the gaps in them."""

from django.apps import AppConfig


class PricesConfig(AppConfig):
    name = "prices"

    def ready(self) -> None:
        """Register the system check."""
        from . import checks  # noqa: F401 - it registers itself
