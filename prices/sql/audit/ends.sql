-- The trades before the first tick and after the last one of one symbol that its candles count. A
-- candle that counts more trades than its ticks have was made from ticks that are missing now,
-- unless they were pruned.
WITH
outside AS (
    SELECT candle.minute, candle.first_trade, candle.last_trade
    FROM prices_candle AS candle
    WHERE candle.symbol_id = %(symbol)s
        AND candle.first_trade
        >= coalesce((SELECT kept_from FROM prices_symbol WHERE id = %(symbol)s), 0)
        AND (candle.first_trade < %(first)s OR candle.last_trade >= %(reach)s)
        AND candle.trades > (
            SELECT coalesce(sum(tick.trades), 0) FROM prices_price AS tick
            WHERE tick.symbol_id = %(symbol)s
                AND tick.timestamp >= candle.minute
                AND tick.timestamp < candle.minute + interval '1 minute'
        )
)
SELECT earliest.first_trade, earliest.minute, latest.last_trade, latest.minute + interval '1 minute'
FROM (SELECT * FROM outside ORDER BY first_trade LIMIT 1) AS earliest
CROSS JOIN (SELECT * FROM outside ORDER BY last_trade DESC LIMIT 1) AS latest
