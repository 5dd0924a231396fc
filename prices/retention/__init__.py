"""Pruning: deletes the oldest ticks of a tape. Their candles stay."""
