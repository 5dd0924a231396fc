-- The candles of one symbol that differ from what their ticks make, and how many trades within
-- their ids are in open gaps. Every row begins with the number of minutes that have ticks and the
-- number of ticks; when nothing differs there is one row with these alone.
WITH
made AS MATERIALIZED (
    SELECT * FROM prices_minutes(
        ARRAY[%(symbol)s::smallint], ARRAY[%(start)s::timestamptz],
        ARRAY[%(stop)s::timestamptz - interval '1 microsecond'],
        ARRAY[0::bigint],
        ARRAY[9223372036854775807]
    )
),
kept AS (
    SELECT * FROM prices_candle
    WHERE symbol_id = %(symbol)s AND minute >= %(start)s AND minute < %(stop)s
),
differing AS (
    SELECT
        coalesce(made.minute, kept.minute) AS minute,
        made.minute IS NOT NULL AS is_made,
        made.first_trade, made.last_trade, made.trades,
        made.open, made.high, made.low, made.close, made.volume,
        made.quote_volume, made.taker_buy_volume, made.taker_buy_quote_volume,
        kept.minute IS NOT NULL AS is_kept,
        kept.first_trade AS kept_first_trade,
        kept.last_trade AS kept_last_trade,
        kept.trades AS kept_trades,
        kept.open AS kept_open,
        kept.high AS kept_high,
        kept.low AS kept_low,
        kept.close AS kept_close,
        kept.volume AS kept_volume, kept.quote_volume AS kept_quote_volume,
        kept.taker_buy_volume AS kept_taker_buy_volume,
        kept.taker_buy_quote_volume AS kept_taker_buy_quote_volume,
        (
            SELECT
                sum(
                    least(gap.last_trade, kept.last_trade)
                    - greatest(gap.first_trade, kept.first_trade)
                    + 1
                )
            FROM (
                SELECT first_trade, last_trade FROM prices_gap
                WHERE symbol_id = %(symbol)s AND status = 'open'
                    AND last_trade >= kept.first_trade AND last_trade <= kept.last_trade
                UNION ALL
                -- At most one gap reaches beyond the candle: gaps have no trade in common.
                (
                    SELECT first_trade, last_trade FROM prices_gap
                    WHERE
                        symbol_id = %(symbol)s AND status = 'open' AND last_trade > kept.last_trade
                    ORDER BY last_trade LIMIT 1
                )
            ) AS gap
            WHERE gap.first_trade <= kept.last_trade
        ) AS missing
    FROM made FULL JOIN kept ON made.minute = kept.minute
    -- A candle some of whose ticks were pruned cannot be compared with the rest of them.
    WHERE
        (kept.first_trade < (SELECT kept_from FROM prices_symbol WHERE id = %(symbol)s)) IS NOT true
        AND (
            made.minute, made.first_trade, made.last_trade, made.trades,
            made.open, made.high, made.low, made.close, made.volume,
            made.quote_volume, made.taker_buy_volume, made.taker_buy_quote_volume
        ) IS DISTINCT FROM (
            kept.minute, kept.first_trade, kept.last_trade, kept.trades,
            kept.open, kept.high, kept.low, kept.close, kept.volume,
            kept.quote_volume, kept.taker_buy_volume, kept.taker_buy_quote_volume
        )
)
SELECT total.minutes, total.all_ticks, differing.*
FROM (SELECT count(*) AS minutes, coalesce(sum(ticks), 0) AS all_ticks FROM made) AS total
LEFT JOIN differing ON true
