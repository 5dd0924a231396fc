-- The ticks of one symbol within some ranges of trade ids, and one on either side of each: the
-- number of the range, where the tick lies (-1 before it, 0 within, 1 after), its first trade id,
-- and its instant.
--
-- Parameters: the number of the symbol; the ranges, as arrays of equal length, ids included.
SELECT range.nth - 1, tick.place, tick.first_trade, tick.timestamp
FROM unnest(%(first)s::bigint[], %(last)s::bigint[]) WITH ORDINALITY AS range (first, last, nth)
CROSS JOIN LATERAL (
    (
        SELECT -1 AS place, first_trade, timestamp FROM prices_price
        WHERE symbol_id = %(symbol)s AND first_trade < range.first
        ORDER BY first_trade DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT 0 AS place, first_trade, timestamp FROM prices_price
        WHERE symbol_id = %(symbol)s AND first_trade >= range.first AND first_trade <= range.last
        -- LIMIT changes no result: it makes the planner read one short range of the index.
        ORDER BY first_trade LIMIT 9223372036854775807
    )
    UNION ALL
    (
        SELECT 1 AS place, first_trade, timestamp FROM prices_price
        WHERE symbol_id = %(symbol)s AND first_trade > range.last
        ORDER BY first_trade LIMIT 1
    )
) AS tick
