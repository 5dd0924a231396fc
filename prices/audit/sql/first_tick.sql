-- The keys of the first ticks after a key that stand among those of one symbol: of its own, and of others that were put there by hand.
WITH RECURSIVE other AS (
    -- The numbers that ticks bear, each found by one descent of the index, from the highest on: old ticks may have been pruned.
    SELECT max(symbol_id) AS number FROM prices_price
    UNION ALL
    SELECT (SELECT max(symbol_id) FROM prices_price WHERE symbol_id < other.number)
    FROM other WHERE number IS NOT NULL
)
SELECT
    (
        SELECT id FROM prices_price
        WHERE symbol_id = %(symbol)s AND id > %(after)s AND id <= %(end)s
        ORDER BY id LIMIT 1
    ),
    (
        SELECT min(stray.id) FROM other CROSS JOIN LATERAL (
            SELECT id FROM prices_price
            WHERE symbol_id = other.number AND id > %(after)s AND id <= %(end)s
            ORDER BY id LIMIT 1
        ) AS stray
        WHERE other.number <> %(symbol)s
    )
