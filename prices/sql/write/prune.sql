-- Delete the oldest ticks of one symbol, and store in the same commit the first trade id that is
-- kept. Candles and gaps stay. The caller holds the writer lock of the symbol.
--
-- Parameters: as `prices_prunable` takes them.
WITH
step AS MATERIALIZED (
    SELECT first, stop FROM prices_prunable(%(symbol)s::smallint, %(cutoff)s, %(start)s, %(most)s)
),
pruned AS (
    DELETE FROM prices_price
    WHERE
        symbol_id = %(symbol)s
        AND first_trade >= (SELECT first FROM step)
        AND first_trade < (SELECT stop FROM step)
    RETURNING timestamp
),
moved AS (
    UPDATE prices_symbol SET
        kept_from = (SELECT stop FROM step),
        pruned_through = greatest(pruned_through, (SELECT max(timestamp) FROM pruned))
    WHERE id = %(symbol)s AND EXISTS (SELECT FROM pruned)
)
SELECT count(*), min(timestamp), max(timestamp), (SELECT stop FROM step) FROM pruned
