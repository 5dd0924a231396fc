-- The state of the tape, one row per symbol, by symbol. Each part is one descent of an index, or a
-- short range of it.
--
-- Parameters: the names of the symbols, NULL for all of them; and how long a heartbeat counts.
SELECT
    symbol.id, symbol.name, symbol.heard_through, symbol.heard_at, symbol.lag,
    feed.live, newest.price, newest.timestamp AS traded,
    CASE WHEN NOT gaps.hide THEN day_before.price END AS price_day_before,
    -- A watermark is some seconds behind the newest tick.
    CASE WHEN NOT feed.live THEN greatest(symbol.heard_through, newest.timestamp) END AS down_since,
    CASE WHEN feed.live THEN extract(epoch FROM symbol.lag) END AS lag_seconds,
    CASE WHEN feed.live THEN lately.ticks / 10.0 END AS ticks_per_second,
    gaps.open AS open_gaps
FROM prices_symbol AS symbol
CROSS JOIN LATERAL (
    -- A heartbeat from the future, left behind by a clock that was set back, does not count.
    SELECT coalesce(
        symbol.heard_at > statement_timestamp() - %(counts_for)s::interval
        AND symbol.heard_at < statement_timestamp() + %(counts_for)s::interval, false
    ) AS live
) AS feed
LEFT JOIN LATERAL (
    SELECT price, timestamp FROM prices_price AS p
    WHERE p.symbol_id = symbol.id
    ORDER BY timestamp DESC, first_trade DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT first_trade, price, timestamp FROM prices_price AS p
    WHERE p.symbol_id = symbol.id AND p.timestamp <= newest.timestamp - interval '24 hours'
        -- No tick that is earlier than a pruned one: the pruned one may be the price.
        AND p.timestamp >= coalesce(symbol.pruned_through, '-infinity')
    ORDER BY timestamp DESC, first_trade DESC LIMIT 1
) AS day_before ON true
CROSS JOIN LATERAL (
    -- The upper bound, the end of the tape, changes no result: it makes the planner expect a short
    -- range.
    SELECT count(*) AS ticks FROM prices_price AS p
    WHERE p.symbol_id = symbol.id
        AND p.timestamp > greatest(newest.timestamp, symbol.heard_through) - interval '10 seconds'
        AND p.timestamp <= greatest(newest.timestamp, symbol.heard_through)
) AS lately
CROSS JOIN LATERAL (
    -- The price may be in a gap after the tick that would be the answer, up to the instant asked
    -- for.
    SELECT
        count(*) AS open,
        coalesce(bool_or(
            gap.last_trade > day_before.first_trade
            AND gap.ends >= day_before.timestamp
            AND gap.starts <= newest.timestamp - interval '24 hours'
        ), false) AS hide
    FROM prices_gap AS gap
    WHERE gap.symbol_id = symbol.id AND gap.status = 'open'
) AS gaps
WHERE %(names)s::text[] IS NULL OR symbol.name = ANY(%(names)s::text[])
ORDER BY symbol.name
