-- The newest candles of some symbols at an interval of a minute, as they are stored, the newest
-- first.
--
-- Parameters: the numbers of the symbols; how many candles are wanted of each; between which
-- minutes, as numbers since 1970: `first` and `stop`, the latter excluded.
SELECT
    symbol.id AS symbol_id, stored.minute, stored.first_trade, stored.last_trade, stored.trades,
    stored.open, stored.high, stored.low, stored.close, stored.volume,
    stored.quote_volume, stored.taker_buy_volume, stored.taker_buy_quote_volume
FROM prices_symbol AS symbol
CROSS JOIN LATERAL (
    SELECT * FROM prices_candle AS candle
    WHERE candle.symbol_id = symbol.id
        AND candle.minute >= timestamptz 'epoch' + %(first)s * interval '1 minute'
        AND candle.minute < timestamptz 'epoch' + %(stop)s * interval '1 minute'
    ORDER BY candle.minute DESC LIMIT %(limit)s
) AS stored
WHERE symbol.id = ANY(%(symbols)s)
ORDER BY symbol.id ASC, stored.minute DESC
