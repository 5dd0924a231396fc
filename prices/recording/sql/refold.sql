-- Fold candles of one symbol anew, from their ticks alone. A minute without ticks has no candle. The caller holds the pen.
--
-- A minute of which ticks were pruned is left as it is: its candle knows more than they. Such a one has a candle that begins before
-- what is kept; or none, and is not later than what is kept.
-- A key is `symbol number << 44 | number of the minute since 1970`.
WITH
kept AS (
    SELECT kept_from, (
        SELECT timestamp FROM prices_price
        WHERE symbol_id = symbol.id AND id >= symbol.id::bigint << 44 | kept_from
        ORDER BY id LIMIT 1
    ) AS starts
    FROM prices_symbol symbol WHERE id = %(symbol)s AND kept_from IS NOT NULL
),
wanted AS (
    SELECT of_minute.minute, of_minute.key
    FROM (
        SELECT minute, %(symbol)s::bigint << 44 | (extract(epoch FROM minute)::bigint / 60) AS key
        FROM unnest(%(minutes)s::timestamptz[]) AS minute
    ) AS of_minute
    LEFT JOIN prices_candle candle ON candle.id = of_minute.key
    WHERE NOT EXISTS (
        SELECT FROM kept WHERE coalesce(candle.first_trade < kept.kept_from, of_minute.minute <= kept.starts)
    )
),
minutes AS (
    SELECT
        wanted.key, wanted.minute, min(tick.id) AS first_key, max(tick.id) AS last_key,
        max(tick.price) AS high, min(tick.price) AS low, sum(tick.quantity) AS volume, sum(tick.trades) AS trades
    FROM wanted JOIN prices_price tick
        ON tick.symbol_id = %(symbol)s AND tick.timestamp >= wanted.minute AND tick.timestamp < wanted.minute + interval '1 minute'
    GROUP BY wanted.key, wanted.minute
),
emptied AS (
    DELETE FROM prices_candle
    WHERE id IN (SELECT key FROM wanted) AND id NOT IN (SELECT key FROM minutes)
    RETURNING id
),
folded AS (
    INSERT INTO prices_candle AS candle
        (id, minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
    SELECT
        m.key, m.minute, m.first_key & ((1::bigint << 44) - 1), (m.last_key & ((1::bigint << 44) - 1)) + closing.trades - 1,
        m.trades, %(symbol)s, opening.price, m.high, m.low, closing.price, m.volume
    FROM minutes m
    JOIN prices_price opening ON opening.symbol_id = %(symbol)s AND opening.id = m.first_key
    JOIN prices_price closing ON closing.symbol_id = %(symbol)s AND closing.id = m.last_key
    ON CONFLICT (id) DO UPDATE SET
        minute = excluded.minute, symbol_id = excluded.symbol_id,
        first_trade = excluded.first_trade, last_trade = excluded.last_trade, trades = excluded.trades,
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume
    -- No two columns in another order: rows are compared as they are.
    WHERE candle IS DISTINCT FROM excluded
    RETURNING id
)
SELECT (SELECT count(*) FROM emptied) + (SELECT count(*) FROM folded)
