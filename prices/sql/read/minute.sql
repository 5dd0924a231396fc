-- The candle of a symbol's minute, with what is known about the tape around it.
--
-- Constants are inlined, because every bound parameter costs time: how long a heartbeat counts, and
-- how many gaps are listed.
-- Parameters: `name` of the symbol; `start` and `end`, the first and the last instant of the
-- minute.
SELECT
    symbol.id AS symbol_id, candle.minute, candle.first_trade, candle.last_trade, candle.trades,
    candle.open, candle.high, candle.low, candle.close, candle.volume,
    candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume,
    statement_timestamp() AS now, newest.timestamp AS newest, oldest.minute AS began,
    CASE
        -- A heartbeat from the future, left behind by a clock that was set back, does not count.
        WHEN symbol.heard_at > statement_timestamp() - interval '5 seconds'
            AND symbol.heard_at < statement_timestamp() + interval '5 seconds'
        THEN symbol.heard_through
    END AS watermark,
    -- Open gaps come first, so that the limit on the list cannot hide one from the verdict.
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap AS gap
        WHERE gap.symbol_id = symbol.id
            AND tstzrange(gap.starts, gap.ends, '[]') && tstzrange(%(start)s, %(end)s, '[]')
        -- sqlfluff takes what follows in an ARRAY for a function's arguments.
        ORDER BY gap.status <> 'open', gap.starts LIMIT 100 -- noqa: RF01, CP05
    ) AS gaps,
    (
        SELECT gap.starts FROM prices_gap AS gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.ends >= %(start)s
        ORDER BY gap.last_trade LIMIT 1
    ) AS torn
FROM prices_symbol AS symbol
LEFT JOIN prices_candle AS candle ON symbol.id = candle.symbol_id AND candle.minute = %(start)s
LEFT JOIN LATERAL (
    SELECT minute FROM prices_candle AS c
    WHERE c.symbol_id = symbol.id ORDER BY minute LIMIT 1
) AS oldest ON true
LEFT JOIN LATERAL (
    SELECT timestamp FROM prices_price AS p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC LIMIT 1
) AS newest ON true
WHERE symbol.name = %(name)s
