-- Candles of minutes of which ticks were pruned, by minute: which trades each counts, whether it makes sense, and how many of its
-- trades are in ticks that are left.
-- A key is `symbol number << 44 | number of the minute since 1970`.
SELECT
    -- A candle is the one of the minute in its key, whatever stands in its columns.
    of_key.minute, first_trade, last_trade, trades,
    candle.minute = of_key.minute AND symbol_id = %(symbol)s AND first_trade <= last_trade AND trades > 0
        AND low > 0 AND low <= least(open, close) AND high >= greatest(open, close) AND volume > 0 AND volume <> 'NaN',
    CASE WHEN last_trade >= %(kept)s THEN (
        SELECT coalesce(sum(tick.trades), 0) FROM prices_price tick
        WHERE tick.symbol_id = %(symbol)s AND tick.id >= %(symbol)s::bigint << 44 | %(kept)s
            AND tick.timestamp >= of_key.minute AND tick.timestamp < of_key.minute + interval '1 minute'
    ) ELSE 0 END
FROM prices_candle candle
CROSS JOIN LATERAL (
    SELECT timestamptz 'epoch' + (id & ((1::bigint << 44) - 1)) * interval '1 minute' AS minute
) AS of_key
WHERE id >= %(symbol)s::bigint << 44 | (extract(epoch FROM %(start)s::timestamptz)::bigint / 60)
    AND id < (%(symbol)s::bigint + 1) << 44 AND first_trade < %(kept)s
ORDER BY id LIMIT %(limit)s
