-- Candles of minutes of which ticks were pruned, by minute: the trades that each counts, whether
-- its values are possible, and how many of its trades are in ticks that are still kept.
SELECT
    candle.minute, candle.first_trade, candle.last_trade, candle.trades,
    first_trade <= last_trade AND trades > 0
        AND low > 0
        AND low <= least(open, close)
        AND high >= greatest(open, close)
        AND volume > 0
        AND volume <> 'NaN'
        -- Every price is between the low and the high, and takers bought at most all of the volume.
        AND coalesce(quote_volume BETWEEN low * volume AND high * volume, true)
        AND coalesce(taker_buy_volume BETWEEN 0 AND volume, true)
        AND coalesce(
            taker_buy_quote_volume BETWEEN low * taker_buy_volume AND high * taker_buy_volume, true
        ),
    CASE WHEN last_trade >= %(kept)s THEN (
        SELECT coalesce(sum(tick.trades), 0) FROM prices_price AS tick
        WHERE tick.symbol_id = %(symbol)s AND tick.first_trade >= %(kept)s
            AND tick.timestamp >= candle.minute
            AND tick.timestamp < candle.minute + interval '1 minute'
    ) ELSE 0 END
FROM prices_candle AS candle
WHERE candle.symbol_id = %(symbol)s AND candle.minute >= %(start)s AND candle.first_trade < %(kept)s
ORDER BY candle.minute LIMIT %(limit)s
