"""Faults of the exchange: from a script, at random from a seed, or by hand."""
