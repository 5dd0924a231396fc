"""Repair: fetches what the gap ledger lists as missing from REST, by trade id, and stores it."""
