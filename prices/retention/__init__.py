"""Pruning: ticks of a certain age are taken off the tape, and their candles stay."""
