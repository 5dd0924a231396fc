-- The newest tick of some symbols, by name, with what is known of later trades.
SELECT
    number, name, first_trade, timestamp, trades, price, heard_through, holes,
    -- Nor does a heartbeat from the future count, which a clock that was set back leaves behind.
    coalesce(
        heard_at > statement_timestamp() - interval '5 seconds' AND heard_at < statement_timestamp() + interval '5 seconds', false
    ) AS live
FROM prices_latest
WHERE name = ANY(%(names)s)
ORDER BY name
