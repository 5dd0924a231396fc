"""The local exchange: recorded ticks served as Binance serves live ones."""

from django.apps import AppConfig


class ReplayConfig(AppConfig):
    name = "replay"
