-- The newest tick of each symbol that has one, by symbol, with what is known of later trades. Two descents of an index a symbol.
--
-- In place of {wanted}: which symbols; of {counts_for}: how long a heartbeat counts; of {listed}: how many gaps are listed at most.
-- Parameters: what {wanted} takes.
SELECT
    symbol.id AS number, symbol.name, newest.id, newest.timestamp, newest.trades, newest.price,
    -- Nor does a heartbeat from the future count, which a clock that was set back leaves behind.
    coalesce(
        symbol.heard_at > statement_timestamp() - {counts_for} AND symbol.heard_at < statement_timestamp() + {counts_for}, false
    ) AS live,
    symbol.heard_through,
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open'
            AND gap.last_trade > newest.id & ((1::bigint << 44) - 1)
        ORDER BY gap.last_trade LIMIT {listed}
    ) AS holes
FROM prices_symbol symbol
CROSS JOIN LATERAL (
    SELECT id, timestamp, trades, price FROM prices_price p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC, id DESC LIMIT 1
) newest
WHERE {wanted}
ORDER BY symbol.name
