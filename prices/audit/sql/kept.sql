-- From which raw trade id on ticks are kept, and when the first of them was made; nothing when none were pruned, or none are left.
-- A key is `symbol number << 44 | first raw trade id`.
SELECT symbol.kept_from, tick.timestamp
FROM prices_symbol symbol CROSS JOIN LATERAL (
    SELECT timestamp FROM prices_price
    WHERE symbol_id = symbol.id AND id >= symbol.id::bigint << 44 | symbol.kept_from
    ORDER BY id LIMIT 1
) AS tick
WHERE symbol.id = %(symbol)s AND symbol.kept_from IS NOT NULL
