"""Short statements of `Tape`: symbols, heartbeats, attempts at gaps."""

# The advisory lock for registering symbols. The number is arbitrary, but all must use the same.
REGISTERING = 0x7072_6963_6573
TAKE_REGISTERING = f"SELECT pg_advisory_xact_lock({REGISTERING})"

# Not ON CONFLICT DO NOTHING: it would use up a number at each start, and a smallint has only
# 32,767.
REGISTER = """
INSERT INTO prices_symbol (name)
SELECT name FROM unnest(%(names)s::text[]) AS name
WHERE NOT EXISTS (SELECT FROM prices_symbol known WHERE known.name = name.name)
"""

# Rows are locked in one order, so that there is no deadlock. NO KEY: inserting a gap, which refers
# to a symbol, does not wait for it. A watermark never moves back, unless it is later than the
# exchange's clock is known to be: then it came from a wrong time.
HEARTBEAT = """
UPDATE prices_symbol symbol SET
    heard_at = now(), lag = %(lag)s,
    heard_through = CASE WHEN symbol.heard_through > %(known)s THEN %(through)s
        ELSE greatest(symbol.heard_through, %(through)s) END
FROM (
    SELECT id FROM prices_symbol WHERE id = ANY(%(symbols)s) ORDER BY id FOR NO KEY UPDATE
) AS locked
WHERE symbol.id = locked.id
"""
WITHDRAW = """
UPDATE prices_symbol symbol SET heard_at = NULL
FROM (
    SELECT id FROM prices_symbol WHERE id = ANY(%(symbols)s) ORDER BY id FOR NO KEY UPDATE
) AS locked
WHERE symbol.id = locked.id
"""

TRIED = "UPDATE prices_gap SET attempts = attempts + 1 WHERE id = %(gap)s"
FAILED = "UPDATE prices_gap SET last_error = %(error)s WHERE id = %(gap)s"

NEWEST = """
SELECT first_trade + trades - 1, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s ORDER BY first_trade DESC LIMIT 1
"""
