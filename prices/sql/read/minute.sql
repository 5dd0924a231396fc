-- The candle of a symbol's minute, with what is known of the tape round it.
--
-- What never changes stands in it, as each parameter takes time: how long a heartbeat counts, and how many gaps are listed.
-- Parameters: the symbol's name; the minute's first and its last instant.
SELECT
    symbol.id AS number, candle.first_trade, candle.last_trade, candle.trades,
    candle.open, candle.high, candle.low, candle.close, candle.volume,
    candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume,
    statement_timestamp() AS now, newest.timestamp AS newest, oldest.minute AS began,
    CASE
        -- Nor does one from the future count, which a clock that was set back leaves behind.
        WHEN symbol.heard_at > statement_timestamp() - interval '5 seconds' AND symbol.heard_at < statement_timestamp() + interval '5 seconds'
        THEN symbol.heard_through
    END AS vouched,
    -- Open ones first, so that the limit on the list cannot hide one from the verdict.
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND tstzrange(gap.starts, gap.ends, '[]') && tstzrange(%(start)s, %(end)s, '[]')
        ORDER BY gap.status <> 'open', gap.starts LIMIT 100
    ) AS holes,
    (
        SELECT gap.starts FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.ends >= %(start)s
        ORDER BY gap.last_trade LIMIT 1
    ) AS torn
FROM prices_symbol symbol
LEFT JOIN prices_candle candle ON candle.symbol_id = symbol.id AND candle.minute = %(start)s
LEFT JOIN LATERAL (
    SELECT minute FROM prices_candle c
    WHERE c.symbol_id = symbol.id ORDER BY minute LIMIT 1
) oldest ON true
LEFT JOIN LATERAL (
    SELECT timestamp FROM prices_price p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC LIMIT 1
) newest ON true
WHERE symbol.name = %(name)s
