"""The project as an app: its system checks."""

from django.apps import AppConfig


class PriceTrackerConfig(AppConfig):
    name = "pricetracker"
    verbose_name = "Price Tracker"

    def ready(self) -> None:
        """Register the system checks."""
        from . import checks  # noqa: F401 - they register themselves
