"""The local exchange: serves recorded trades as Binance serves live ones."""

from django.apps import AppConfig


class ReplayConfig(AppConfig):
    name = "replay"
