-- Compute candles of one symbol again from their ticks alone. A minute without ticks has no candle.
-- Returns how many candles were changed, created or deleted. The caller holds the writer lock of
-- the symbol.
--
-- A minute of which ticks were pruned is left alone: its candle knows more than its ticks. Such a
-- minute has a candle that begins before what is kept; or it has none, and is not later than what
-- is kept.
WITH
kept AS (
    SELECT symbol.kept_from, (
        SELECT tick.timestamp FROM prices_price AS tick
        WHERE tick.symbol_id = symbol.id AND tick.first_trade >= symbol.kept_from
        ORDER BY tick.first_trade LIMIT 1
    ) AS starts
    FROM prices_symbol AS symbol WHERE symbol.id = %(symbol)s AND symbol.kept_from IS NOT NULL
),
wanted AS (
    SELECT given.minute
    FROM unnest(%(minutes)s::timestamptz[]) AS given (minute)
    LEFT JOIN
        prices_candle AS candle
    ON candle.symbol_id = %(symbol)s AND given.minute = candle.minute
    WHERE NOT EXISTS (
        SELECT
        FROM kept
        WHERE coalesce(candle.first_trade < kept.kept_from, given.minute <= kept.starts)
    )
),
made AS (
    SELECT minutes.*
    FROM (
        SELECT
            array_agg(%(symbol)s::smallint) AS symbols, array_agg(minute) AS starts,
            array_agg(minute + interval '1 minute' - interval '1 microsecond') AS ends,
            array_agg(0::bigint) AS firsts, array_agg(9223372036854775807) AS lasts
        FROM wanted WHERE minute = date_bin('1 minute', minute, 'epoch')
    ) AS ranges
    CROSS JOIN
        LATERAL prices_minutes(
            ranges.symbols, ranges.starts, ranges.ends, ranges.firsts, ranges.lasts
        ) AS minutes
),
emptied AS (
    DELETE FROM prices_candle
    WHERE symbol_id = %(symbol)s
        AND minute IN (SELECT minute FROM wanted) AND minute NOT IN (SELECT minute FROM made)
    RETURNING minute
),
folded AS (
    INSERT INTO prices_candle AS candle (
        symbol_id, minute, first_trade, last_trade, trades, open, high, low, close, volume,
        quote_volume, taker_buy_volume, taker_buy_quote_volume
    )
    SELECT
        symbol_id, minute, first_trade, last_trade, trades, open, high, low, close, volume,
        quote_volume, taker_buy_volume, taker_buy_quote_volume
    FROM made
    ON CONFLICT (symbol_id, minute) DO UPDATE SET
        first_trade = excluded.first_trade,
        last_trade = excluded.last_trade,
        trades = excluded.trades,
        open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume,
        quote_volume = excluded.quote_volume, taker_buy_volume = excluded.taker_buy_volume,
        taker_buy_quote_volume = excluded.taker_buy_quote_volume
    WHERE candle IS DISTINCT FROM excluded
    RETURNING minute
)
SELECT (SELECT count(*) FROM emptied) + (SELECT count(*) FROM folded)
