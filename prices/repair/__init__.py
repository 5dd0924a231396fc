"""Backfill: what the gap ledger lists as missing is fetched from REST, by trade id, and put on the tape."""
