-- Store a batch of ticks: rows, candles and gaps, all or nothing. Storing a tick again changes nothing.
--
-- Parameters: the ticks, as six arrays of equal length, and the runs: stretches of the batch in which each tick begins where
-- the one before ended. The caller holds the pen (an advisory lock), so what this reads is not written by others meanwhile.
-- A key is `symbol number << 44 | n`: n is the first raw trade id of a tick, or the number of a minute since 1970.
WITH
batch AS (
    SELECT * FROM unnest(
        %(symbol)s::smallint[], %(first)s::bigint[], %(trades)s::integer[],
        %(micros)s::bigint[], %(price)s::numeric[], %(quantity)s::numeric[]
    ) AS tick (symbol_id, first_trade, trades, micros, price, quantity)
),
stored AS (
    INSERT INTO prices_price (id, timestamp, trades, symbol_id, price, quantity)
    SELECT
        symbol_id::bigint << 44 | first_trade,
        -- Exact: an interval is multiplied in doubles, which hold every microsecond up to the year 2255.
        timestamptz 'epoch' + micros * interval '1 microsecond',
        trades, symbol_id, price, quantity
    FROM batch
    ON CONFLICT (id) DO NOTHING
    RETURNING id, timestamp, trades, symbol_id, price, quantity
),

-- Candles: only what was really inserted counts. Ticks may come late and in any order: open and close go by trade id.
minutes AS (
    SELECT
        symbol_id, date_bin('1 minute', timestamp, 'epoch') AS minute,
        min(id) AS first_key, max(id) AS last_key,
        max(price) AS high, min(price) AS low, sum(quantity) AS volume, sum(trades) AS trades
    FROM stored
    GROUP BY symbol_id, minute
),
folded AS (
    INSERT INTO prices_candle AS candle
        (id, minute, first_trade, last_trade, trades, symbol_id, open, high, low, close, volume)
    SELECT
        m.symbol_id::bigint << 44 | (extract(epoch FROM m.minute)::bigint / 60),
        m.minute,
        m.first_key & ((1::bigint << 44) - 1), (m.last_key & ((1::bigint << 44) - 1)) + closing.trades - 1,
        m.trades, m.symbol_id, opening.price, m.high, m.low, closing.price, m.volume
    FROM minutes m
    JOIN stored opening ON opening.id = m.first_key
    JOIN stored closing ON closing.id = m.last_key
    ON CONFLICT (id) DO UPDATE SET
        open = CASE WHEN excluded.first_trade < candle.first_trade THEN excluded.open ELSE candle.open END,
        close = CASE WHEN excluded.last_trade > candle.last_trade THEN excluded.close ELSE candle.close END,
        first_trade = least(candle.first_trade, excluded.first_trade),
        last_trade = greatest(candle.last_trade, excluded.last_trade),
        high = greatest(candle.high, excluded.high),
        low = least(candle.low, excluded.low),
        volume = candle.volume + excluded.volume,
        trades = candle.trades + excluded.trades
),

-- Gaps: of the trades that were missing or are now passed over, those that the runs do not hold.
run AS (
    SELECT * FROM unnest(
        %(run_symbol)s::smallint[], %(run_first)s::bigint[], %(run_after)s::bigint[],
        %(run_starts)s::bigint[], %(run_ends)s::bigint[]
    ) AS run (symbol_id, first_trade, after_trade, starts, ends)
),
held AS (
    SELECT
        symbol_id, range_agg(int8range(first_trade, after_trade)) AS trades,
        min(first_trade) AS first_trade, max(first_trade) AS last_start
    FROM run GROUP BY symbol_id
),
tape AS (
    -- Each symbol's first and newest tick, as they were before this batch; nothing for a symbol that has none.
    SELECT
        held.symbol_id,
        oldest.id & ((1::bigint << 44) - 1) AS first_trade, oldest.timestamp AS starts,
        (newest.id & ((1::bigint << 44) - 1)) + newest.trades AS after_trade, newest.timestamp AS ends
    FROM held
    CROSS JOIN LATERAL (
        SELECT id, timestamp FROM prices_price p
        WHERE p.id >= held.symbol_id::bigint << 44 AND p.id < (held.symbol_id + 1)::bigint << 44
        ORDER BY id LIMIT 1
    ) oldest
    CROSS JOIN LATERAL (
        SELECT id, timestamp, trades FROM prices_price p
        WHERE p.id >= held.symbol_id::bigint << 44 AND p.id < (held.symbol_id + 1)::bigint << 44
        ORDER BY id DESC LIMIT 1
    ) newest
),
suspect AS (
    -- What is known to be missing and may be filled now ...
    SELECT gap.id AS gap_id, gap.symbol_id, int8range(gap.first_trade, gap.last_trade, '[]') AS trades, gap.starts, gap.ends
    FROM held JOIN prices_gap gap USING (symbol_id)
    WHERE gap.status = 'open' AND gap.last_trade >= held.first_trade
        AND held.trades && int8range(gap.first_trade, gap.last_trade, '[]')
    UNION ALL
    -- ... what lies between the newest tick and the batch, or within the batch ...
    SELECT NULL, symbol_id, int8range(coalesce(tape.after_trade, held.first_trade), held.last_start), tape.ends, NULL
    FROM held LEFT JOIN tape USING (symbol_id)
    WHERE coalesce(tape.after_trade, held.first_trade) < held.last_start
    UNION ALL
    -- ... and what lies between the batch and the first tick, when it comes from before recording began.
    SELECT NULL, symbol_id, int8range(held.first_trade, tape.first_trade), NULL, tape.starts
    FROM held JOIN tape USING (symbol_id)
    WHERE held.first_trade < tape.first_trade
),
missing AS (
    SELECT
        suspect.gap_id, suspect.symbol_id, lower(piece) AS first_trade, upper(piece) - 1 AS last_trade,
        -- The instants of the ticks on either side: in this batch, or those that the suspect came with.
        coalesce(timestamptz 'epoch' + (
            SELECT max(ends) FROM run WHERE run.symbol_id = suspect.symbol_id AND after_trade = lower(piece)
        ) * interval '1 microsecond', suspect.starts) AS starts,
        coalesce(timestamptz 'epoch' + (
            SELECT min(starts) FROM run WHERE run.symbol_id = suspect.symbol_id AND first_trade = upper(piece)
        ) * interval '1 microsecond', suspect.ends) AS ends,
        row_number() OVER (PARTITION BY suspect.gap_id ORDER BY lower(piece)) AS nth
    FROM suspect JOIN held USING (symbol_id)
    CROSS JOIN LATERAL unnest(int8multirange(suspect.trades) - held.trades) AS piece
),
shrunk AS (
    -- The first piece that is left keeps the gap's row ...
    UPDATE prices_gap gap
    SET first_trade = missing.first_trade, last_trade = missing.last_trade,
        starts = least(missing.starts, missing.ends), ends = greatest(missing.starts, missing.ends)
    FROM missing WHERE missing.gap_id = gap.id AND missing.nth = 1
),
closed AS (
    -- ... and where none is left the gap is closed.
    UPDATE prices_gap gap SET status = 'repaired', closed_at = now()
    FROM suspect WHERE suspect.gap_id = gap.id AND gap.id NOT IN (SELECT gap_id FROM missing WHERE gap_id IS NOT NULL)
    RETURNING gap.id
),
opened AS (
    INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
    SELECT symbol_id, first_trade, last_trade, least(starts, ends), greatest(starts, ends), 'open'
    FROM missing WHERE gap_id IS NULL OR nth > 1
    RETURNING id
)
SELECT
    (SELECT count(*) FROM stored) AS ticks,
    (SELECT count(*) FROM opened) AS gaps_opened,
    (SELECT count(*) FROM closed) AS gaps_closed
