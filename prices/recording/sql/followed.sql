-- Fold ticks that were just copied to the end of the tape into their candles.
--
-- Parameters: how many they are; and their runs, as arrays of equal length: the symbol's number, the first raw trade id, and the one after the last.
WITH
stored AS (
    SELECT p.id, p.timestamp, p.trades, p.symbol_id, p.price, p.quantity
    FROM unnest(%(symbol)s::smallint[], %(first)s::bigint[], %(after)s::bigint[]) AS run (symbol_id, first_trade, after_trade)
    -- The limit, which bounds nothing, keeps the planner to one short range of the key a run.
    CROSS JOIN LATERAL (
        SELECT * FROM prices_price p
        WHERE p.symbol_id = run.symbol_id
            AND p.id >= run.symbol_id::bigint << 44 | run.first_trade
            AND p.id < run.symbol_id::bigint << 44 | run.after_trade
        ORDER BY p.id LIMIT %(ticks)s
    ) p
),
-- {fold}
SELECT count(*) FROM stored
