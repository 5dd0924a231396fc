-- The newest candles of some symbols at an interval of more than a minute, folded from stored ones,
-- the newest first.
--
-- Folds the longest stored candles of which the interval consists, and after the newest of them,
-- where no interval has been closed, shorter ones and minutes. Reads, by the primary keys, as many
-- rows as the wanted candles can have: that is enough for all of them, however long the tape is.
-- Open and close go by trade id: they stand beside the lowest and the highest one. A volume that is
-- unknown of one part is unknown of the interval. The columns are those of `WrittenCandle`:
-- decimals are text without trailing zeros, because their readers write them, and none calculates.
--
-- Parameters: `symbols`, their numbers; `limit`, how many candles are wanted of each symbol;
-- between which instants, `first` and `stop`, in seconds since 1970, the latter excluded, both at
-- the beginning of an interval; `length` of an interval in seconds, at most, and `origin`, where
-- one of them begins, NULL for calendar months; `widths` of the stored candles, in minutes, 1 among
-- them.
SELECT
    symbol.name AS symbol,
    extract(EPOCH FROM folded.minute)::bigint AS second,
    to_char(folded.minute AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS minute,
    folded.first_trade, folded.last_trade, folded.trades,
    trim_scale(folded.open)::text, trim_scale(folded.high)::text, trim_scale(folded.low)::text,
    trim_scale(folded.close)::text, trim_scale(folded.volume)::text,
    trim_scale(folded.quote_volume)::text, trim_scale(folded.taker_buy_volume)::text,
    trim_scale(folded.taker_buy_quote_volume)::text,
    NULL AS coverage
FROM prices_symbol AS symbol
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN %(origin)s::bigint IS NULL THEN date_trunc('month', part.minute, 'UTC')
            ELSE date_bin(
                %(length)s * interval '1 second', part.minute,
                timestamptz 'epoch' + %(origin)s::bigint * interval '1 second'
            )
        END AS minute,
        min(part.first_trade) AS first_trade, max(part.last_trade) AS last_trade,
        sum(part.trades)::bigint AS trades,
        (min(ARRAY[part.first_trade, part.open]))[2] AS open,
        max(part.high) AS high, min(part.low) AS low,
        (max(ARRAY[part.last_trade, part.close]))[2] AS close, sum(part.volume) AS volume,
        CASE WHEN count(part.quote_volume) = count(*) THEN sum(part.quote_volume) END
            AS quote_volume,
        CASE WHEN count(part.taker_buy_volume) = count(*) THEN sum(part.taker_buy_volume) END
            AS taker_buy_volume,
        CASE
            WHEN count(part.taker_buy_quote_volume) = count(*) THEN sum(part.taker_buy_quote_volume)
        END AS taker_buy_quote_volume
    FROM (
        -- Of each width what comes after the longer ones.
        SELECT
            width.minutes,
            coalesce(
                max(newest.ends) OVER (
                    ORDER BY width.minutes DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                '-infinity'
            ) AS starts
        FROM unnest(%(widths)s::smallint[]) AS width (minutes)
        LEFT JOIN LATERAL (
            SELECT coarse.minute + width.minutes * interval '1 minute' AS ends
            FROM prices_coarsecandle AS coarse
            WHERE coarse.symbol_id = symbol.id AND coarse.minutes = width.minutes
            ORDER BY coarse.minute DESC LIMIT 1
        ) AS newest ON true
    ) AS level
    CROSS JOIN LATERAL (
        (
            SELECT
                candle.minute, candle.first_trade, candle.last_trade, candle.trades,
                candle.open, candle.high, candle.low, candle.close, candle.volume,
                candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume
            FROM prices_candle AS candle
            WHERE level.minutes = 1 AND candle.symbol_id = symbol.id
                AND candle.minute >= level.starts
                AND candle.minute >= timestamptz 'epoch' + %(first)s * interval '1 second'
                AND candle.minute < timestamptz 'epoch' + %(stop)s * interval '1 second'
            ORDER BY candle.minute DESC LIMIT %(limit)s::bigint * (%(length)s / 60)
        )
        UNION ALL
        (
            SELECT
                coarse.minute, coarse.first_trade, coarse.last_trade, coarse.trades,
                coarse.open, coarse.high, coarse.low, coarse.close, coarse.volume,
                coarse.quote_volume, coarse.taker_buy_volume, coarse.taker_buy_quote_volume
            FROM prices_coarsecandle AS coarse
            WHERE coarse.symbol_id = symbol.id AND coarse.minutes = level.minutes
                AND coarse.minute >= level.starts
                AND coarse.minute >= timestamptz 'epoch' + %(first)s * interval '1 second'
                AND coarse.minute < timestamptz 'epoch' + %(stop)s * interval '1 second'
            ORDER BY coarse.minute DESC
            LIMIT %(limit)s::bigint * (%(length)s / 60 / level.minutes)
        )
    ) AS part
    -- By position: by its name it would be the column of the parts.
    GROUP BY 1 ORDER BY 1 DESC LIMIT %(limit)s -- noqa: AM06
) AS folded
WHERE symbol.id = ANY(%(symbols)s)
ORDER BY symbol.id ASC, folded.minute DESC
