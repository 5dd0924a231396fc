-- The coarse candles of one symbol and width that begin in [start, stop) and differ from what the
-- candles of its minutes make. Of the interval of the newest minute there is none.
--
-- Parameters: the number of the symbol; `width` in minutes; `start` and `stop`, both at the
-- beginning of an interval.
WITH
made AS (
    SELECT folded.* FROM prices_coarse_candles(
        %(symbol)s::smallint, %(width)s::smallint, 1::smallint, %(start)s,
        least(%(stop)s, (
            SELECT date_bin(%(width)s * interval '1 minute', minute, 'epoch') FROM prices_candle
            WHERE symbol_id = %(symbol)s ORDER BY minute DESC LIMIT 1
        ))
    ) AS folded
),
kept AS (
    SELECT
        minute, first_trade, last_trade, trades, open, high, low, close, volume,
        quote_volume, taker_buy_volume, taker_buy_quote_volume
    FROM prices_coarsecandle
    WHERE symbol_id = %(symbol)s AND minutes = %(width)s
        AND minute >= %(start)s AND minute < %(stop)s
)
SELECT
    coalesce(made.minute, kept.minute) AS minute,
    made.minute IS NOT NULL,
    made.first_trade, made.last_trade, made.trades,
    made.open, made.high, made.low, made.close, made.volume,
    made.quote_volume, made.taker_buy_volume, made.taker_buy_quote_volume,
    kept.minute IS NOT NULL,
    kept.first_trade, kept.last_trade, kept.trades,
    kept.open, kept.high, kept.low, kept.close, kept.volume,
    kept.quote_volume, kept.taker_buy_volume, kept.taker_buy_quote_volume,
    0
FROM made FULL JOIN kept ON made.minute = kept.minute
WHERE made IS DISTINCT FROM kept
ORDER BY coalesce(made.minute, kept.minute)
