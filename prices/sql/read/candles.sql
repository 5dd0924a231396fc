-- The newest candles of some symbols at an interval, folded from their minutes, the newest first.
--
-- Reads, by the primary key, as many rows as the wanted candles can have minutes: that is enough
-- for all of them, however long the tape is. Open and close go by trade id: they stand beside the
-- lowest and the highest one. A volume that is unknown of one minute is unknown of the interval.
--
-- Parameters: the numbers of the symbols; how many minutes an interval has, and how many candles
-- are wanted of each symbol; between which minutes, as numbers since 1970: `first` and `stop`, the
-- latter excluded, both at the beginning of an interval.
SELECT
    symbol.id AS symbol_id, folded.minute, folded.first_trade, folded.last_trade, folded.trades,
    folded.open, folded.high, folded.low, folded.close, folded.volume,
    folded.quote_volume, folded.taker_buy_volume, folded.taker_buy_quote_volume
FROM prices_symbol AS symbol
CROSS JOIN LATERAL (
    SELECT
        date_bin(%(minutes)s * interval '1 minute', minutes.minute, 'epoch') AS minute,
        min(first_trade) AS first_trade, max(last_trade) AS last_trade, sum(trades) AS trades,
        (min(ARRAY[first_trade, open]))[2] AS open, max(high) AS high, min(low) AS low,
        (max(ARRAY[last_trade, close]))[2] AS close, sum(volume) AS volume,
        CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
        CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END
            AS taker_buy_volume,
        CASE WHEN count(taker_buy_quote_volume) = count(*) THEN sum(taker_buy_quote_volume) END
            AS taker_buy_quote_volume
    FROM (
        SELECT * FROM prices_candle AS candle
        WHERE candle.symbol_id = symbol.id
            AND candle.minute >= timestamptz 'epoch' + %(first)s * interval '1 minute'
            AND candle.minute < timestamptz 'epoch' + %(stop)s * interval '1 minute'
        ORDER BY candle.minute DESC LIMIT %(limit)s::bigint * %(minutes)s
    ) AS minutes
    -- By position: by its name it would be the column of the minutes.
    GROUP BY 1 ORDER BY 1 DESC LIMIT %(limit)s -- noqa: AM06
) AS folded
WHERE symbol.id = ANY(%(symbols)s)
ORDER BY symbol.id ASC, folded.minute DESC
