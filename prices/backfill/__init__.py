"""Backfill: history from before recording began, and for its gaps, from archive files or REST."""
