-- Write the heartbeat of some symbols: their watermark, and the lag of the newest commit.
--
-- Rows are locked in one order, so that there is no deadlock. NO KEY: inserting a gap, which refers
-- to a symbol, does not wait for it. A watermark never moves back, unless it is later than the
-- exchange's clock is known to be: then it came from a wrong time.
--
-- Parameters: the numbers of the symbols; `through`, the watermark; `known`, what the exchange's
-- clock is known to have shown; `lag`.
UPDATE prices_symbol AS symbol SET
    heard_at = now(), lag = %(lag)s,
    heard_through = CASE
        WHEN symbol.heard_through > %(known)s THEN %(through)s
        ELSE greatest(symbol.heard_through, %(through)s)
    END
FROM (
    SELECT id FROM prices_symbol WHERE id = ANY(%(symbols)s) ORDER BY id FOR NO KEY UPDATE
) AS locked
WHERE symbol.id = locked.id
