-- Add gaps of one symbol to the ledger: of each range, what is neither on the tape nor in the
-- ledger. The caller holds the writer lock of the symbol.
INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
SELECT %(symbol)s, lower(piece), upper(piece) - 1, hole.starts, hole.ends, 'open'
FROM unnest(
    %(first)s::bigint[], %(last)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]
) AS hole (first_trade, last_trade, starts, ends)
CROSS JOIN LATERAL (
    -- From the last tick before the range on: it may reach into it.
    SELECT coalesce(max(first_trade), 0) AS first_trade FROM (
        SELECT first_trade FROM prices_price
        WHERE symbol_id = %(symbol)s AND first_trade < hole.first_trade
        ORDER BY first_trade DESC
        LIMIT 1
    ) AS before
) AS from_tick
CROSS JOIN (
    -- What the ledger has around these ranges: read once, not for each of them.
    SELECT coalesce(range_agg(int8range(first_trade, last_trade, '[]')), '{}') AS trades
    FROM prices_gap
    WHERE symbol_id = %(symbol)s AND status <> 'repaired'
        AND last_trade >= (SELECT min(first) FROM unnest(%(first)s::bigint[]) AS first)
        AND first_trade <= (SELECT max(last) FROM unnest(%(last)s::bigint[]) AS last)
) AS ledger
CROSS JOIN LATERAL unnest(
    int8multirange(int8range(hole.first_trade, hole.last_trade, '[]'))
    - coalesce((
        SELECT range_agg(int8range(tick.first_trade, tick.first_trade + greatest(tick.trades, 1)))
        FROM prices_price AS tick
        WHERE tick.symbol_id = %(symbol)s
            AND tick.first_trade >= from_tick.first_trade AND tick.first_trade <= hole.last_trade
    ), '{}')
    - ledger.trades
) AS piece
