-- What the candles of one symbol know of trades before the first tick and after the last one: a candle that counts more
-- trades than there are ticks for was made from ticks that are gone; unless these were pruned.
-- A key is `symbol number << 44 | number of the minute since 1970`.
WITH
outside AS (
    SELECT minute, first_trade, last_trade
    FROM (
        -- A candle is the one of the minute in its key, whatever stands in its columns.
        SELECT
            timestamptz 'epoch' + (id & ((1::bigint << 44) - 1)) * interval '1 minute' AS minute, first_trade, last_trade, trades
        FROM prices_candle
        WHERE id >= %(symbol)s::bigint << 44 AND id < (%(symbol)s + 1)::bigint << 44
    ) AS candle
    WHERE first_trade >= coalesce((SELECT kept_from FROM prices_symbol WHERE id = %(symbol)s), 0)
        AND (first_trade < %(first)s OR last_trade >= %(reach)s)
        AND candle.trades > (
            SELECT coalesce(sum(tick.trades), 0) FROM prices_price tick
            WHERE tick.symbol_id = %(symbol)s
                AND tick.timestamp >= candle.minute AND tick.timestamp < candle.minute + interval '1 minute'
        )
)
SELECT earliest.first_trade, earliest.minute, latest.last_trade, latest.minute + interval '1 minute'
FROM (SELECT * FROM outside ORDER BY first_trade LIMIT 1) AS earliest
CROSS JOIN (SELECT * FROM outside ORDER BY last_trade DESC LIMIT 1) AS latest
