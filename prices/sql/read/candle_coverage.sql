-- Each row of `candle`, which one of candles.sql, minutes.sql and seconds.sql defines before, with
-- what is known about the tape around it: of one snapshot.
--
-- Constants as in minute.sql. Parameters: `length` and `origin` of the interval, as in candles.sql.
SELECT
    candle.*, -- noqa: AM04
    statement_timestamp() AS now, newest.timestamp AS newest,
    CASE WHEN %(length)s < 60 THEN oldest.timestamp ELSE earliest.minute END AS began,
    CASE
        WHEN symbol.heard_at > statement_timestamp() - interval '5 seconds'
            AND symbol.heard_at < statement_timestamp() + interval '5 seconds'
        THEN symbol.heard_through
    END AS watermark,
    span.starts, span.ends,
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap AS gap
        WHERE gap.symbol_id = symbol.id
            AND tstzrange(gap.starts, gap.ends, '[]')
            && tstzrange(span.starts, span.ends, '[)')
        -- sqlfluff takes what follows in an ARRAY for a function's arguments.
        ORDER BY gap.status <> 'open', gap.starts LIMIT 100 -- noqa: RF01, CP05
    ) AS gaps,
    (
        SELECT gap.starts FROM prices_gap AS gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.ends >= span.starts
        ORDER BY gap.last_trade LIMIT 1
    ) AS torn
FROM candle
JOIN prices_symbol AS symbol ON candle.symbol = symbol.name
CROSS JOIN LATERAL (
    SELECT
        to_timestamp(candle.second) AS starts,
        CASE
            WHEN %(origin)s::bigint IS NOT NULL THEN to_timestamp(candle.second + %(length)s)
            ELSE (to_timestamp(candle.second) AT TIME ZONE 'UTC' + interval '1 month')
            AT TIME ZONE 'UTC'
        END AS ends
) AS span
LEFT JOIN LATERAL (
    SELECT stored.minute FROM prices_candle AS stored
    WHERE stored.symbol_id = symbol.id ORDER BY stored.minute LIMIT 1
) AS earliest ON true
LEFT JOIN LATERAL (
    SELECT date_bin('1 second', tick.timestamp, 'epoch') AS timestamp FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id ORDER BY tick.timestamp LIMIT 1
) AS oldest ON true
LEFT JOIN LATERAL (
    SELECT tick.timestamp FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id ORDER BY tick.timestamp DESC LIMIT 1
) AS newest ON true
ORDER BY symbol.id ASC, candle.second DESC
