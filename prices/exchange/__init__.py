"""Binance's streams and REST API. Imports nothing else of this project."""
