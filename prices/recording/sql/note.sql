-- Write holes of one symbol into the gap ledger: of each what is neither on the tape nor in the ledger. The caller holds the pen.
-- A key is `symbol number << 44 | first raw trade id`.
INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
SELECT %(symbol)s, lower(piece), upper(piece) - 1, hole.starts, hole.ends, 'open'
FROM unnest(
    %(first)s::bigint[], %(last)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]
) AS hole (first_trade, last_trade, starts, ends)
CROSS JOIN LATERAL (
    -- From the tick on that begins before the hole: it may reach into it.
    SELECT coalesce(max(id), 0) AS id FROM (
        SELECT id FROM prices_price
        WHERE symbol_id = %(symbol)s AND id < %(symbol)s::bigint << 44 | hole.first_trade ORDER BY id DESC LIMIT 1
    ) AS before
) AS from_tick
CROSS JOIN (
    -- What the ledger has round these holes: read once, and not for each of them.
    SELECT coalesce(range_agg(int8range(first_trade, last_trade, '[]')), '{}') AS trades FROM prices_gap
    WHERE symbol_id = %(symbol)s AND status <> 'repaired'
        AND last_trade >= (SELECT min(first) FROM unnest(%(first)s::bigint[]) AS first)
        AND first_trade <= (SELECT max(last) FROM unnest(%(last)s::bigint[]) AS last)
) AS ledger
CROSS JOIN LATERAL unnest(
    int8multirange(int8range(hole.first_trade, hole.last_trade, '[]'))
    - coalesce((
        SELECT range_agg(int8range(id & ((1::bigint << 44) - 1), (id & ((1::bigint << 44) - 1)) + greatest(prices_price.trades, 1)))
        FROM prices_price
        WHERE symbol_id = %(symbol)s AND id >= greatest(from_tick.id, %(symbol)s::bigint << 44) AND id <= %(symbol)s::bigint << 44 | hole.last_trade
    ), '{}')
    - ledger.trades
) AS piece
