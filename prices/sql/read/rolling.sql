-- What was traded of some symbols from an instant on, one row per symbol that has a tick, by
-- symbol. The first minute is cut: its ticks are read one by one, those of all others as candles.
-- The quote volume is NULL when it is not known of each candle. Without a trade since then the
-- totals are NULL.
--
-- Parameters: the names of the symbols, NULL for all of them; `since`, and `whole`, the first
-- minute that begins at or after it.
SELECT
    symbol.name, total.first_trade, total.last_trade, total.trades,
    coalesce(opening.price, candle.open) AS open, total.high, total.low,
    total.volume, total.quote_volume,
    newest.price AS close, newest.quantity AS last_quantity, before.price AS price_before
FROM prices_symbol AS symbol
CROSS JOIN LATERAL (
    SELECT
        min(part.first_trade) AS first_trade, max(part.last_trade) AS last_trade,
        sum(part.trades) AS trades, max(part.high) AS high, min(part.low) AS low,
        sum(part.volume) AS volume,
        CASE WHEN count(part.quote_volume) = count(*) THEN sum(part.quote_volume) END
            AS quote_volume
    FROM (
        SELECT
            tick.first_trade, tick.first_trade + tick.trades - 1 AS last_trade, tick.trades,
            tick.price AS high, tick.price AS low, tick.quantity AS volume,
            tick.price * tick.quantity AS quote_volume
        FROM prices_price AS tick
        WHERE tick.symbol_id = symbol.id
            AND tick.timestamp >= %(since)s AND tick.timestamp < %(whole)s
        UNION ALL
        SELECT
            candle.first_trade, candle.last_trade, candle.trades,
            candle.high, candle.low, candle.volume, candle.quote_volume
        FROM prices_candle AS candle
        WHERE candle.symbol_id = symbol.id AND candle.minute >= %(whole)s
    ) AS part
) AS total
CROSS JOIN LATERAL (
    SELECT tick.price, tick.quantity FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id
    ORDER BY tick.timestamp DESC, tick.first_trade DESC LIMIT 1
) AS newest
-- Ticks may have been pruned; their candle is kept.
LEFT JOIN LATERAL (
    SELECT tick.price FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id AND tick.first_trade = total.first_trade
) AS opening ON true
LEFT JOIN LATERAL (
    SELECT minute.open FROM prices_candle AS minute
    WHERE minute.symbol_id = symbol.id AND minute.minute >= %(whole)s
    ORDER BY minute.minute ASC LIMIT 1
) AS candle ON true
LEFT JOIN LATERAL (
    SELECT tick.price FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id AND tick.timestamp < %(since)s
    ORDER BY tick.timestamp DESC, tick.first_trade DESC LIMIT 1
) AS before ON true
WHERE %(names)s::text[] IS NULL OR symbol.name = ANY(%(names)s::text[])
ORDER BY symbol.name
