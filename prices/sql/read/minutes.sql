-- The newest candles of some symbols at an interval of a minute, as they are stored, the newest
-- first. Columns as in candles.sql.
--
-- Parameters: the numbers of the symbols; how many candles are wanted of each; between which
-- instants, in seconds since 1970: `first` and `stop`, the latter excluded.
SELECT
    symbol.name AS symbol,
    extract(EPOCH FROM stored.minute)::bigint AS second,
    to_char(stored.minute AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS minute,
    stored.first_trade, stored.last_trade, stored.trades,
    trim_scale(stored.open)::text, trim_scale(stored.high)::text, trim_scale(stored.low)::text,
    trim_scale(stored.close)::text, trim_scale(stored.volume)::text,
    trim_scale(stored.quote_volume)::text, trim_scale(stored.taker_buy_volume)::text,
    trim_scale(stored.taker_buy_quote_volume)::text,
    NULL AS coverage
FROM prices_symbol AS symbol
CROSS JOIN LATERAL (
    SELECT * FROM prices_candle AS candle
    WHERE candle.symbol_id = symbol.id
        AND candle.minute >= timestamptz 'epoch' + %(first)s * interval '1 second'
        AND candle.minute < timestamptz 'epoch' + %(stop)s * interval '1 second'
    ORDER BY candle.minute DESC LIMIT %(limit)s
) AS stored
WHERE symbol.id = ANY(%(symbols)s)
ORDER BY symbol.id ASC, stored.minute DESC
