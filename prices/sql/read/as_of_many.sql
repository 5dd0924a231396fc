-- The last tick at or before each of many instants, with what the verdict on it needs: as as_of.sql
-- answers one of them. Whatever is the same for all instants of a symbol is looked up once.
--
-- Parameters: `names` of the symbols; for each question its number, `numbers`, the name of its
-- symbol, `symbols`, and its instant, `instants`. One about a name that no symbol has has no row.
WITH asked AS (
    SELECT * FROM unnest(
        %(numbers)s::integer[], %(symbols)s::text[], %(instants)s::timestamptz[]
    ) AS asked (number, name, instant)
),

tape AS MATERIALIZED (
    SELECT
        symbol.id, symbol.name, symbol.pruned_through, newest.timestamp AS newest,
        CASE
            -- A heartbeat from the future, left behind by a clock set back, does not count.
            WHEN symbol.heard_at > statement_timestamp() - interval '5 seconds'
                AND symbol.heard_at < statement_timestamp() + interval '5 seconds'
            THEN symbol.heard_through
        END AS watermark
    FROM prices_symbol AS symbol
    LEFT JOIN LATERAL (
        SELECT timestamp FROM prices_price AS p
        WHERE p.symbol_id = symbol.id ORDER BY timestamp DESC LIMIT 1
    ) AS newest ON true
    WHERE symbol.name = ANY(%(names)s)
)

SELECT
    asked.number, answer.first_trade, answer.timestamp, answer.price, tape.newest, tape.watermark,
    (
        SELECT count(*) > 0 FROM prices_gap AS gap
        WHERE gap.symbol_id = tape.id AND gap.status = 'open'
            AND gap.last_trade > answer.first_trade
            AND tstzrange(gap.starts, gap.ends, '[]')
            && tstzrange(answer.timestamp, asked.instant, '[]')
    ) AS torn
FROM asked
INNER JOIN tape ON asked.name = tape.name
LEFT JOIN LATERAL (
    -- No tick that is earlier than a pruned one: the pruned one may be the answer.
    SELECT first_trade, timestamp, price FROM prices_price AS p
    WHERE p.symbol_id = tape.id AND p.timestamp <= asked.instant
        AND p.timestamp >= coalesce(tape.pruned_through, '-infinity')
    ORDER BY timestamp DESC, first_trade DESC LIMIT 1
) AS answer ON true
