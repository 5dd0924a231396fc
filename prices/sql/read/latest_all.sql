-- The newest tick of every symbol that has one, by symbol, with what is known of later trades.
SELECT
    number, name, first_trade, timestamp, trades, price, heard_through, holes,
    -- Nor does a heartbeat from the future count, which a clock that was set back leaves behind.
    coalesce(
        heard_at > statement_timestamp() - interval '5 seconds' AND heard_at < statement_timestamp() + interval '5 seconds', false
    ) AS live
FROM prices_latest
ORDER BY name
