"""The project as an app: its system checks, and what it asks of each database session."""

from django.apps import AppConfig


class PriceTrackerConfig(AppConfig):
    name = "pricetracker"
    verbose_name = "Price Tracker"

    def ready(self) -> None:
        """Register the system checks, and watch for new database sessions."""
        from . import checks, session_styles  # noqa: F401 - checks register themselves

        session_styles.watch()
