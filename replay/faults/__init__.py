"""Faults: what goes wrong at the exchange, from a script, at random from a seed, or by hand."""
