-- Make the coarse candles of some symbols, of one width, of closed intervals again: those in some
-- ranges, and all after the newest that is kept. Returns how many were changed, made or deleted.
-- The caller holds the writer locks of the symbols, and has kept those of the source.
--
-- Closed is what ends before the interval of the newest minute begins. That one has no row, nor has
-- an interval without minutes.
--
-- Parameters: `numbers` of the symbols; `width` and `source` in minutes; ranges as arrays of equal
-- length, `symbol`, `starts` and `stops`: at the beginnings of intervals, as numbers of minutes
-- since 1970, half-open. Those of one symbol share nothing.
WITH
tape AS MATERIALIZED (
    SELECT
        symbol.id AS symbol_id,
        coalesce((
            SELECT date_bin(%(width)s * interval '1 minute', candle.minute, 'epoch')
            FROM prices_candle AS candle WHERE candle.symbol_id = symbol.id
            ORDER BY candle.minute DESC LIMIT 1
        ), '-infinity') AS running,
        coalesce((
            SELECT coarse.minute + %(width)s * interval '1 minute'
            FROM prices_coarsecandle AS coarse
            WHERE coarse.symbol_id = symbol.id AND coarse.minutes = %(width)s
            ORDER BY coarse.minute DESC LIMIT 1
        ), '-infinity') AS made_through
    FROM prices_symbol AS symbol WHERE symbol.id = ANY(%(numbers)s::smallint[])
),
ranges AS MATERIALIZED (
    SELECT
        tape.symbol_id,
        timestamptz 'epoch' + given.starts * interval '1 minute' AS starts,
        least(
            timestamptz 'epoch' + given.stops * interval '1 minute',
            tape.running, tape.made_through
        ) AS stops
    FROM
        unnest(%(symbol)s::smallint[], %(starts)s::bigint[], %(stops)s::bigint[])
            AS given (symbol_id, starts, stops)
    JOIN tape ON given.symbol_id = tape.symbol_id
    UNION ALL
    SELECT tape.symbol_id, tape.made_through, tape.running FROM tape
),
made AS MATERIALIZED (
    SELECT ranges.symbol_id, folded.*
    FROM ranges
    CROSS JOIN LATERAL prices_coarse_candles(
        ranges.symbol_id::smallint, %(width)s::smallint, %(source)s::smallint,
        ranges.starts, ranges.stops
    ) AS folded
),
emptied AS (
    DELETE FROM prices_coarsecandle AS coarse USING ranges
    WHERE coarse.symbol_id = ranges.symbol_id AND coarse.minutes = %(width)s
        AND coarse.minute >= ranges.starts AND coarse.minute < ranges.stops
        AND NOT EXISTS (
            SELECT FROM made
            WHERE made.symbol_id = coarse.symbol_id AND made.minute = coarse.minute
        )
    RETURNING coarse.minute
),
-- The newest minutes were removed: what was closed is running again, or empty.
reopened AS (
    DELETE FROM prices_coarsecandle AS coarse USING tape
    WHERE coarse.symbol_id = tape.symbol_id AND coarse.minutes = %(width)s
        AND coarse.minute >= tape.running
    RETURNING coarse.minute
),
kept AS (
    INSERT INTO prices_coarsecandle AS coarse (
        symbol_id, minutes, minute, first_trade, last_trade, trades, open, high, low, close,
        volume, quote_volume, taker_buy_volume, taker_buy_quote_volume
    )
    SELECT
        symbol_id, %(width)s, minute, first_trade, last_trade, trades, open, high, low, close,
        volume, quote_volume, taker_buy_volume, taker_buy_quote_volume
    FROM made
    ON CONFLICT (symbol_id, minutes, minute) DO UPDATE SET
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
    WHERE coarse IS DISTINCT FROM excluded
    RETURNING minute
)
SELECT
    (SELECT count(*) FROM emptied)
    + (SELECT count(*) FROM reopened)
    + (SELECT count(*) FROM kept)
