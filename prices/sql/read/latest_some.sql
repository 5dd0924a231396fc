-- The newest tick of some symbols, by symbol, with what is known about later trades.
--
-- Parameters: `names` of the symbols.
SELECT
    number AS symbol_id, name, first_trade, timestamp, trades, price, holes AS gaps,
    CASE
        -- A heartbeat from the future, left behind by a clock that was set back, does not count.
        WHEN heard_at > statement_timestamp() - interval '5 seconds'
            AND heard_at < statement_timestamp() + interval '5 seconds'
        THEN heard_through
    END AS watermark
FROM prices_latest
WHERE name = ANY(%(names)s)
ORDER BY name
