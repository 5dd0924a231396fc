-- Whether the tape has any of the trades in some ranges of ids.
--
-- Parameters: the ranges, as arrays of equal length: symbol, first trade id, and the one after the
-- last.
SELECT coalesce(bool_or(tick.first_trade + tick.trades > range.first), false)
FROM unnest(%(symbol)s::smallint[], %(first)s::bigint[], %(after)s::bigint[])
    AS range (symbol_id, first, after)
CROSS JOIN LATERAL (
    SELECT * FROM prices_price AS stored
    WHERE stored.symbol_id = range.symbol_id AND stored.first_trade < range.after
    ORDER BY stored.first_trade DESC LIMIT 1
) AS tick
