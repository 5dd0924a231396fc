-- The newest candles of some symbols at an interval of a second, folded from ticks, the newest
-- first. Those of a second of which ticks were pruned are left out: they would not be whole.
--
-- Goes from one second with ticks to the one before by the index, so that seconds without ticks
-- cost nothing. Columns as in candles.sql.
--
-- Parameters: the numbers of the symbols; how many candles are wanted of each; between which
-- instants, in seconds since 1970: `first` and `stop`, the latter excluded.
SELECT
    symbol.name AS symbol,
    extract(EPOCH FROM folded.second)::bigint AS second,
    to_char(folded.second AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS minute,
    folded.first_trade, folded.last_trade, folded.trades,
    trim_scale(folded.open)::text, trim_scale(folded.high)::text, trim_scale(folded.low)::text,
    trim_scale(folded.close)::text, trim_scale(folded.volume)::text,
    trim_scale(folded.quote_volume)::text, trim_scale(folded.taker_buy_volume)::text,
    trim_scale(folded.taker_buy_quote_volume)::text,
    NULL AS coverage
FROM (
    SELECT
        known.id, known.name,
        greatest(
            timestamptz 'epoch' + %(first)s * interval '1 second',
            date_trunc('second', known.pruned_through) + interval '1 second'
        ) AS first
    FROM prices_symbol AS known WHERE known.id = ANY(%(symbols)s)
) AS symbol
CROSS JOIN LATERAL (
    WITH RECURSIVE traded AS (
        (
            SELECT date_bin('1 second', tick.timestamp, 'epoch') AS second, 1 AS nth
            FROM prices_price AS tick
            WHERE tick.symbol_id = symbol.id AND tick.timestamp >= symbol.first
                AND tick.timestamp < timestamptz 'epoch' + %(stop)s * interval '1 second'
            ORDER BY tick.timestamp DESC LIMIT 1
        )
        UNION ALL
        SELECT before.second, before.nth
        FROM traded
        CROSS JOIN LATERAL (
            SELECT
                date_bin('1 second', tick.timestamp, 'epoch') AS second, traded.nth + 1 AS nth
            FROM prices_price AS tick
            WHERE tick.symbol_id = symbol.id AND tick.timestamp >= symbol.first
                AND tick.timestamp < traded.second
            ORDER BY tick.timestamp DESC LIMIT 1
        ) AS before
        WHERE traded.nth < %(limit)s
    )

    SELECT
        traded.second, made.first_trade, made.last_trade, made.trades,
        made.open, made.high, made.low, made.close, made.volume, made.quote_volume,
        CASE WHEN made.sided = made.ticks THEN coalesce(made.taker_buy_volume, 0) END
            AS taker_buy_volume,
        CASE WHEN made.sided = made.ticks THEN coalesce(made.taker_buy_quote_volume, 0) END
            AS taker_buy_quote_volume
    FROM traded
    CROSS JOIN LATERAL (
        SELECT
            min(tick.first_trade) AS first_trade,
            max(tick.first_trade + tick.trades - 1) AS last_trade,
            sum(tick.trades) AS trades,
            (min(ARRAY[tick.first_trade, tick.price]))[2] AS open,
            max(tick.price) AS high, min(tick.price) AS low,
            (max(ARRAY[tick.first_trade, tick.price]))[2] AS close,
            sum(tick.quantity) AS volume, sum(tick.price * tick.quantity) AS quote_volume,
            sum(tick.quantity) FILTER (WHERE NOT tick.is_buyer_maker) AS taker_buy_volume,
            sum(tick.price * tick.quantity) FILTER (WHERE NOT tick.is_buyer_maker)
                AS taker_buy_quote_volume,
            count(tick.is_buyer_maker) AS sided, count(*) AS ticks
        FROM (
            SELECT * FROM prices_price AS stored
            WHERE stored.symbol_id = symbol.id AND stored.timestamp >= traded.second
                AND stored.timestamp < traded.second + interval '1 second'
            -- LIMIT bounds nothing: it keeps the planner to one short range of the index.
            ORDER BY stored.timestamp LIMIT 9223372036854775807
        ) AS tick
    ) AS made
) AS folded
ORDER BY symbol.id ASC, folded.second DESC
