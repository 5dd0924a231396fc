-- The candle of a symbol's minute, with what is known of the tape round it.
--
-- In place of {counts_for}: how long a heartbeat counts; of {listed}: how many gaps are listed at most.
-- Parameters: the symbol's name; the minute's number since 1970, its first and its last instant.
SELECT
    symbol.id AS number, candle.id, candle.first_trade, candle.last_trade, candle.trades,
    candle.open, candle.high, candle.low, candle.close, candle.volume,
    statement_timestamp() AS now, newest.timestamp AS newest, oldest.minute AS began,
    CASE
        -- Nor does one from the future count, which a clock that was set back leaves behind.
        WHEN symbol.heard_at > statement_timestamp() - {counts_for} AND symbol.heard_at < statement_timestamp() + {counts_for}
        THEN symbol.heard_through
    END AS vouched,
    -- Open ones first, so that the limit on the list cannot hide one from the verdict.
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND tstzrange(gap.starts, gap.ends, '[]') && tstzrange(%(start)s, %(end)s, '[]')
        ORDER BY gap.status <> 'open', gap.starts LIMIT {listed}
    ) AS holes,
    (
        SELECT gap.starts FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.ends >= %(start)s
        ORDER BY gap.last_trade LIMIT 1
    ) AS torn
FROM prices_symbol symbol
LEFT JOIN prices_candle candle ON candle.id = symbol.id::bigint << 44 | %(minute)s
LEFT JOIN LATERAL (
    SELECT minute FROM prices_candle c
    WHERE c.id >= symbol.id::bigint << 44 AND c.id < (symbol.id + 1)::bigint << 44 ORDER BY id LIMIT 1
) oldest ON true
LEFT JOIN LATERAL (
    SELECT timestamp FROM prices_price p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC LIMIT 1
) newest ON true
WHERE symbol.name = %(name)s
