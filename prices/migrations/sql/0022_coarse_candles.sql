-- Candles of 15 minutes, an hour, four hours and a day, made of those of minutes: a page of long
-- intervals reads few rows. Those of closed intervals only: whoever reads makes the running one.

-- Nobody may change a candle between the filling below and the commit. Readers go on.
LOCK TABLE prices_candle IN SHARE ROW EXCLUSIVE MODE;

-- Fixed width first, the widest first, so that nothing is aligned by padding. The sums of a day
-- have room for those of 1,440 minutes of any size.
CREATE TABLE prices_coarsecandle (
    minute timestamp with time zone NOT NULL,
    first_trade bigint NOT NULL,
    last_trade bigint NOT NULL,
    trades bigint NOT NULL,
    symbol_id smallint NOT NULL,
    minutes smallint NOT NULL,
    open numeric(18, 8) NOT NULL,
    high numeric(18, 8) NOT NULL,
    low numeric(18, 8) NOT NULL,
    close numeric(18, 8) NOT NULL,
    volume numeric(32, 8) NOT NULL,
    quote_volume numeric(50, 16),
    taker_buy_volume numeric(32, 8),
    taker_buy_quote_volume numeric(50, 16),
    CONSTRAINT prices_coarsecandle_pkey PRIMARY KEY (symbol_id, minutes, minute)
);

-- The candles of one symbol, `width` minutes each, that its candles of `source` minutes in
-- [starts, stops) make: the one definition for keeping them and for the audit. Open and close go by
-- trade id. A volume that is unknown of a part is unknown of the whole.
CREATE FUNCTION prices_coarse_candles(
    number smallint, width smallint, source smallint, starts timestamptz, stops timestamptz
) RETURNS TABLE (
    minute timestamptz, first_trade bigint, last_trade bigint, trades bigint,
    open numeric, high numeric, low numeric, close numeric, volume numeric,
    quote_volume numeric, taker_buy_volume numeric, taker_buy_quote_volume numeric
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        date_bin(width * interval '1 minute', part.minute, 'epoch'),
        min(part.first_trade), max(part.last_trade), sum(part.trades)::bigint,
        (array_agg(part.open ORDER BY part.first_trade, part.minute))[1], max(part.high), min(part.low),
        (array_agg(part.close ORDER BY part.last_trade DESC, part.minute DESC))[1],
        sum(part.volume),
        CASE WHEN count(part.quote_volume) = count(*) THEN sum(part.quote_volume) END,
        CASE WHEN count(part.taker_buy_volume) = count(*) THEN sum(part.taker_buy_volume) END,
        CASE WHEN count(part.taker_buy_quote_volume) = count(*)
            THEN sum(part.taker_buy_quote_volume) END
    FROM (
        -- The orders, and the limits, which bound nothing, keep the planner to the key: a plan that
        -- was made while the tables were empty might read all of them.
        (
            SELECT
                c.minute, c.first_trade, c.last_trade, c.trades::bigint AS trades,
                c.open, c.high, c.low, c.close, c.volume::numeric AS volume,
                c.quote_volume::numeric AS quote_volume,
                c.taker_buy_volume::numeric AS taker_buy_volume,
                c.taker_buy_quote_volume::numeric AS taker_buy_quote_volume
            FROM prices_candle c
            WHERE source = 1 AND c.symbol_id = number AND c.minute >= starts AND c.minute < stops
            ORDER BY c.minute LIMIT 9223372036854775807
        )
        UNION ALL
        (
            SELECT
                c.minute, c.first_trade, c.last_trade, c.trades,
                c.open, c.high, c.low, c.close, c.volume,
                c.quote_volume, c.taker_buy_volume, c.taker_buy_quote_volume
            FROM prices_coarsecandle c
            WHERE c.symbol_id = number AND c.minutes = source
                AND c.minute >= starts AND c.minute < stops
            ORDER BY c.minute LIMIT 9223372036854775807
        )
    ) AS part
    GROUP BY 1
$$;

-- Each width is made of the one before. The interval of the newest minute is still running.
DO $$
DECLARE
    widths CONSTANT smallint[] := '{15, 60, 240, 1440}';
    source smallint := 1;
    width smallint;
BEGIN
    FOREACH width IN ARRAY widths LOOP
        INSERT INTO prices_coarsecandle (
            symbol_id, minutes, minute, first_trade, last_trade, trades, open, high, low, close,
            volume, quote_volume, taker_buy_volume, taker_buy_quote_volume
        )
        SELECT
            symbol.id, width, made.minute, made.first_trade, made.last_trade, made.trades,
            made.open, made.high, made.low, made.close, made.volume,
            made.quote_volume, made.taker_buy_volume, made.taker_buy_quote_volume
        FROM prices_symbol symbol
        CROSS JOIN LATERAL (
            SELECT date_bin(width * interval '1 minute', c.minute, 'epoch') AS running
            FROM prices_candle c WHERE c.symbol_id = symbol.id ORDER BY c.minute DESC LIMIT 1
        ) AS newest
        CROSS JOIN LATERAL prices_coarse_candles(
            symbol.id::smallint, width, source, '-infinity', newest.running
        ) AS made;
        source := width;
    END LOOP;
END $$;

ANALYZE prices_coarsecandle;
