"""Binance as the tracker meets it: frames from its streams, answers from its REST. Imports nothing of this project."""
