-- The first trade id that pruning has kept, and the instant of the first tick from there on. No row
-- when nothing was pruned, or no tick is left.
SELECT symbol.kept_from, tick.timestamp
FROM prices_symbol AS symbol CROSS JOIN LATERAL (
    SELECT timestamp FROM prices_price
    WHERE symbol_id = symbol.id AND first_trade >= symbol.kept_from
    ORDER BY first_trade LIMIT 1
) AS tick
WHERE symbol.id = %(symbol)s AND symbol.kept_from IS NOT NULL
