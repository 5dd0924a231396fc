-- The last tick of a symbol at or before an instant, with what is known about the tape from there
-- on. Of several ticks at one instant the one with the highest trade id is the last. Each part is
-- one descent of an index, however long the tape is.
--
-- Constants are inlined, because every bound parameter costs time: how long a heartbeat counts, and
-- how many gaps are listed.
-- Parameters: `name` of the symbol; `instant`.
SELECT
    symbol.id AS symbol_id, answer.first_trade, answer.timestamp, answer.trades, answer.price,
    newest.timestamp AS newest,
    CASE
        -- A heartbeat from the future, left behind by a clock that was set back, does not count.
        WHEN symbol.heard_at > statement_timestamp() - interval '5 seconds'
            AND symbol.heard_at < statement_timestamp() + interval '5 seconds'
        THEN symbol.heard_through
    END AS watermark,
    -- Trades of the answer's own instant come after it only if their ids are higher. Open gaps come
    -- first, so that the limit on the list cannot hide one from the verdict.
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap AS gap
        WHERE gap.symbol_id = symbol.id AND gap.last_trade > answer.first_trade
            AND tstzrange(gap.starts, gap.ends, '[]')
            && tstzrange(answer.timestamp, %(instant)s, '[]')
        -- sqlfluff takes what follows in an ARRAY for a function's arguments.
        ORDER BY gap.status <> 'open', gap.starts LIMIT 100 -- noqa: RF01, CP05
    ) AS gaps,
    (
        SELECT gap.starts FROM prices_gap AS gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.ends >= answer.timestamp
            AND gap.last_trade > answer.first_trade
        ORDER BY gap.last_trade LIMIT 1
    ) AS torn
FROM prices_symbol AS symbol
LEFT JOIN LATERAL (
    -- No tick that is earlier than a pruned one: the pruned one may be the answer.
    SELECT first_trade, timestamp, trades, price FROM prices_price AS p
    WHERE p.symbol_id = symbol.id AND p.timestamp <= %(instant)s
        AND p.timestamp >= coalesce(symbol.pruned_through, '-infinity')
    ORDER BY timestamp DESC, first_trade DESC LIMIT 1
) AS answer ON true
LEFT JOIN LATERAL (
    SELECT timestamp FROM prices_price AS p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC LIMIT 1
) AS newest ON true
WHERE symbol.name = %(name)s
