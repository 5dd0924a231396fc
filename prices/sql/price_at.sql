-- The last tick of a symbol at or before an instant, with what is known of the tape from there on. Of several ticks at one instant the
-- one with the highest trade id is the last. A descent of an index each, however long the tape is.
--
-- In place of {counts_for}: how long a heartbeat counts; of {listed}: how many gaps are listed at most.
-- Parameters: the symbol's name; the instant.
SELECT
    symbol.id AS number, answer.id, answer.timestamp, answer.trades, answer.price,
    newest.timestamp AS newest,
    CASE
        -- Nor does one from the future count, which a clock that was set back leaves behind.
        WHEN symbol.heard_at > statement_timestamp() - {counts_for} AND symbol.heard_at < statement_timestamp() + {counts_for}
        THEN symbol.heard_through
    END AS vouched,
    -- Trades of the answer's own instant come after it only if their ids are higher. Open gaps first, so that the limit on the list
    -- cannot hide one from the verdict.
    ARRAY(
        SELECT jsonb_build_object('starts', gap.starts, 'ends', gap.ends, 'status', gap.status)
        FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND gap.last_trade > answer.id & ((1::bigint << 44) - 1)
            AND tstzrange(gap.starts, gap.ends, '[]') && tstzrange(answer.timestamp, %(instant)s, '[]')
        ORDER BY gap.status <> 'open', gap.starts LIMIT {listed}
    ) AS holes,
    (
        SELECT gap.starts FROM prices_gap gap
        WHERE gap.symbol_id = symbol.id AND gap.status = 'open' AND gap.ends >= answer.timestamp
            AND gap.last_trade > answer.id & ((1::bigint << 44) - 1)
        ORDER BY gap.last_trade LIMIT 1
    ) AS torn
FROM prices_symbol symbol
LEFT JOIN LATERAL (
    -- No tick that is earlier than one that was pruned: that one may be the answer.
    SELECT id, timestamp, trades, price FROM prices_price p
    WHERE p.symbol_id = symbol.id AND p.timestamp <= %(instant)s
        AND p.timestamp >= coalesce(symbol.pruned_through, '-infinity')
    ORDER BY timestamp DESC, id DESC LIMIT 1
) answer ON true
LEFT JOIN LATERAL (
    SELECT timestamp FROM prices_price p
    WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC LIMIT 1
) newest ON true
WHERE symbol.name = %(name)s
