-- From which trade id on ticks are kept, and when the first of them was made; nothing when none
-- were pruned, or none are left.
SELECT symbol.kept_from, tick.timestamp
FROM prices_symbol AS symbol CROSS JOIN LATERAL (
    SELECT timestamp FROM prices_price
    WHERE symbol_id = symbol.id AND first_trade >= symbol.kept_from
    ORDER BY first_trade LIMIT 1
) AS tick
WHERE symbol.id = %(symbol)s AND symbol.kept_from IS NOT NULL
