-- Store any batch of ticks: rows, candles and gaps, all or nothing. Storing a tick again changes nothing.
--
-- Parameters: the ticks, as six arrays of equal length; the runs: stretches of the batch in which each tick begins where
-- the one before ended; and the source of all that. The caller holds the pen (an advisory lock), so what this reads is not written by others meanwhile.
-- A key is `symbol number << 44 | n`: n is the first raw trade id of a tick, or the number of a minute since 1970.
WITH
given AS (
    SELECT tick.*, tick.first_trade < coalesce(symbol.kept_from, 0) AS is_pruned
    FROM unnest(
        %(symbol)s::smallint[], %(first)s::bigint[], %(trades)s::integer[],
        %(micros)s::bigint[], %(price)s::numeric[], %(quantity)s::numeric[]
    ) AS tick (symbol_id, first_trade, trades, micros, price, quantity)
    JOIN prices_symbol symbol ON symbol.id = tick.symbol_id
),
-- Nothing comes back where the tape was pruned: it would count once more in candles that outlived their ticks.
batch AS (SELECT * FROM given WHERE NOT is_pruned),
stored AS (
    INSERT INTO prices_price (id, timestamp, trades, symbol_id, price, quantity)
    SELECT
        symbol_id::bigint << 44 | first_trade,
        -- Exact: an interval is multiplied in doubles, which hold every microsecond up to the year 2255.
        timestamptz 'epoch' + micros * interval '1 microsecond',
        trades, symbol_id, price, quantity
    FROM batch
    ON CONFLICT (symbol_id, id) DO NOTHING
    RETURNING id, timestamp, trades, symbol_id, price, quantity
),

-- What was there already: the same trades, one would think. A tick whose id stands on the tape with another price, another
-- number of trades, or at another time than a millisecond's rounding explains, is another trade: it is not stored, and it
-- is told of.
kept AS (
    SELECT id, timestamp, trades, price FROM stored
    UNION ALL
    SELECT p.id, p.timestamp, p.trades, p.price
    FROM batch JOIN prices_price p
        ON p.symbol_id = batch.symbol_id AND p.id = batch.symbol_id::bigint << 44 | batch.first_trade
    WHERE (SELECT count(*) FROM stored) < (SELECT count(*) FROM batch)
),
contradiction AS (
    SELECT
        batch.symbol_id, batch.first_trade, batch.price,
        int8range(batch.first_trade, batch.first_trade + batch.trades) AS claimed,
        int8range(batch.first_trade, batch.first_trade + kept.trades) AS held
    FROM batch JOIN kept ON kept.id = batch.symbol_id::bigint << 44 | batch.first_trade
    WHERE (SELECT count(*) FROM stored) < (SELECT count(*) FROM batch)
        AND (
            kept.price <> batch.price OR kept.trades <> batch.trades
            OR abs(extract(epoch FROM kept.timestamp) * 1000000 - batch.micros) >= 1000
        )
),

-- Gaps: of the trades that were missing or are now passed over, those that the runs do not hold.
run AS (
    SELECT run.symbol_id, greatest(run.first_trade, symbol.kept_from) AS first_trade, after_trade, starts, ends
    FROM unnest(
        %(run_symbol)s::smallint[], %(run_first)s::bigint[], %(run_after)s::bigint[],
        %(run_starts)s::bigint[], %(run_ends)s::bigint[]
    ) AS run (symbol_id, first_trade, after_trade, starts, ends)
    JOIN prices_symbol symbol ON symbol.id = run.symbol_id
    WHERE run.after_trade > coalesce(symbol.kept_from, 0)
),
held AS (
    SELECT
        symbol_id, min(first_trade) AS first_trade, max(first_trade) AS last_start,
        range_agg(int8range(first_trade, after_trade))
            - coalesce((SELECT range_agg(claimed) FROM contradiction c WHERE c.symbol_id = run.symbol_id), '{}')
            + coalesce((SELECT range_agg(c.held) FROM contradiction c WHERE c.symbol_id = run.symbol_id), '{}') AS trades
    FROM run GROUP BY symbol_id
),
began AS (SELECT symbol_id, first_trade, min(starts) AS at FROM run GROUP BY symbol_id, first_trade),
ended AS (SELECT symbol_id, after_trade, max(ends) AS at FROM run GROUP BY symbol_id, after_trade),
tape AS (
    -- Each symbol's first and newest tick, as they were before this batch; nothing for a symbol that has none.
    SELECT
        held.symbol_id,
        oldest.id & ((1::bigint << 44) - 1) AS first_trade, oldest.timestamp AS starts,
        (newest.id & ((1::bigint << 44) - 1)) + newest.trades AS after_trade, newest.timestamp AS ends
    FROM held
    CROSS JOIN LATERAL (
        SELECT id, timestamp FROM prices_price p
        -- What was pruned lies in the index until it is vacuumed, and would be walked through.
        WHERE p.symbol_id = held.symbol_id
            AND p.id >= held.symbol_id::bigint << 44 | coalesce((SELECT kept_from FROM prices_symbol WHERE id = held.symbol_id), 0)
        ORDER BY id LIMIT 1
    ) oldest
    CROSS JOIN LATERAL (
        SELECT id, timestamp, trades FROM prices_price p
        WHERE p.symbol_id = held.symbol_id ORDER BY id DESC LIMIT 1
    ) newest
),
ledger AS (
    -- What is known to be missing from the batch on. (It may be past the newest tick, where somebody looked.)
    SELECT
        gap.id AS gap_id, gap.symbol_id, int8range(gap.first_trade, gap.last_trade, '[]') AS trades, gap.starts, gap.ends,
        coalesce(gap.found_first, gap.first_trade) AS found_first, coalesce(gap.found_last, gap.last_trade) AS found_last,
        coalesce(gap.found_starts, gap.starts) AS found_starts, coalesce(gap.found_ends, gap.ends) AS found_ends,
        gap.opened_at, gap.attempts, gap.last_error
    FROM held JOIN prices_gap gap USING (symbol_id) LEFT JOIN tape USING (symbol_id)
    WHERE gap.status = 'open' AND gap.last_trade >= least(held.first_trade, tape.after_trade)
),
suspect AS (
    -- What is known to be missing and may be filled now ...
    SELECT gap_id, symbol_id, int8multirange(ledger.trades) AS trades, starts, ends
    FROM ledger JOIN held USING (symbol_id) WHERE held.trades && ledger.trades
    UNION ALL
    -- ... what lies between the newest tick and the batch, or within the batch ...
    SELECT NULL, symbol_id, int8multirange(int8range(coalesce(tape.after_trade, held.first_trade), held.last_start)), tape.ends, NULL
    FROM held LEFT JOIN tape USING (symbol_id)
    WHERE coalesce(tape.after_trade, held.first_trade) < held.last_start
    UNION ALL
    -- ... and what lies between the batch and the first tick, when it comes from before recording began.
    SELECT NULL, symbol_id, int8multirange(int8range(held.first_trade, tape.first_trade)), NULL, tape.starts
    FROM held JOIN tape USING (symbol_id)
    WHERE held.first_trade < tape.first_trade
),
missing AS (
    SELECT
        suspect.gap_id, suspect.symbol_id, lower(piece) AS first_trade, upper(piece) - 1 AS last_trade,
        -- The instants of the ticks on either side: in this batch, or those that the suspect came with.
        coalesce(timestamptz 'epoch' + ended.at * interval '1 microsecond', suspect.starts) AS starts,
        coalesce(timestamptz 'epoch' + began.at * interval '1 microsecond', suspect.ends) AS ends
    FROM suspect JOIN held USING (symbol_id)
    CROSS JOIN LATERAL unnest(
        suspect.trades - held.trades - CASE WHEN suspect.gap_id IS NULL THEN
            coalesce((SELECT range_agg(ledger.trades) FROM ledger WHERE ledger.symbol_id = suspect.symbol_id), '{}')
        ELSE '{}' END
    ) AS piece
    LEFT JOIN ended ON ended.symbol_id = suspect.symbol_id AND ended.after_trade = lower(piece)
    LEFT JOIN began ON began.symbol_id = suspect.symbol_id AND began.first_trade = upper(piece)
),
piece AS (
    SELECT
        gap_id, symbol_id, first_trade, last_trade, least(starts, ends) AS starts, greatest(starts, ends) AS ends,
        -- Of a gap that splits, each piece takes over what was filled between it and the next.
        row_number() OVER pieces AS nth,
        lead(first_trade) OVER pieces AS next_first, lead(least(starts, ends)) OVER pieces AS next_starts
    FROM missing
    WINDOW pieces AS (PARTITION BY gap_id ORDER BY first_trade)
),
filled AS (
    SELECT suspect.gap_id, count(*) AS ticks
    FROM suspect JOIN stored USING (symbol_id)
    WHERE suspect.gap_id IS NOT NULL AND suspect.trades @> (stored.id & ((1::bigint << 44) - 1))
    GROUP BY suspect.gap_id
),
shrunk AS (
    -- The first piece that is left keeps the gap's row ...
    UPDATE prices_gap gap
    SET first_trade = piece.first_trade, last_trade = piece.last_trade, starts = piece.starts, ends = piece.ends,
        found_first = ledger.found_first, found_last = coalesce(piece.next_first - 1, ledger.found_last),
        found_starts = least(ledger.found_starts, piece.starts),
        found_ends = greatest(piece.ends, coalesce(piece.next_starts, ledger.found_ends)),
        ticks = gap.ticks + coalesce((SELECT ticks FROM filled WHERE filled.gap_id = gap.id), 0), source = %(source)s
    FROM piece JOIN ledger USING (gap_id) WHERE piece.gap_id = gap.id AND piece.nth = 1
),
closed AS (
    -- ... and where none is left the gap is closed.
    UPDATE prices_gap gap
    SET status = 'repaired', closed_at = now(),
        first_trade = ledger.found_first, last_trade = ledger.found_last,
        starts = ledger.found_starts, ends = ledger.found_ends,
        found_first = NULL, found_last = NULL, found_starts = NULL, found_ends = NULL,
        ticks = gap.ticks + coalesce((SELECT ticks FROM filled WHERE filled.gap_id = gap.id), 0), source = %(source)s
    FROM suspect JOIN ledger USING (gap_id)
    WHERE suspect.gap_id = gap.id AND gap.id NOT IN (SELECT gap_id FROM piece WHERE gap_id IS NOT NULL)
    RETURNING gap.id
),
split AS (
    INSERT INTO prices_gap (
        symbol_id, first_trade, last_trade, starts, ends, status, opened_at, attempts, last_error,
        found_first, found_last, found_starts, found_ends
    )
    SELECT
        piece.symbol_id, piece.first_trade, piece.last_trade, piece.starts, piece.ends, 'open',
        ledger.opened_at, ledger.attempts, ledger.last_error,
        piece.first_trade, coalesce(piece.next_first - 1, ledger.found_last),
        piece.starts, greatest(piece.ends, coalesce(piece.next_starts, ledger.found_ends))
    FROM piece JOIN ledger USING (gap_id) WHERE piece.nth > 1
),
opened AS (
    INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
    SELECT symbol_id, first_trade, last_trade, starts, ends, 'open' FROM piece WHERE gap_id IS NULL
    RETURNING id
),
-- {fold}
SELECT
    (SELECT count(*) FROM stored) AS ticks,
    (SELECT count(*) FROM opened) AS gaps_opened,
    (SELECT count(*) FROM closed) AS gaps_closed,
    (
        -- One of each symbol.
        SELECT string_agg(told, '; ' ORDER BY told) FROM (
            SELECT DISTINCT ON (symbol.id) format('%%s %%s at %%s', symbol.name, c.first_trade, c.price) AS told
            FROM (
                SELECT symbol_id, first_trade, price FROM contradiction
                UNION ALL SELECT symbol_id, first_trade, price FROM given WHERE is_pruned
            ) c JOIN prices_symbol symbol ON symbol.id = c.symbol_id ORDER BY symbol.id
        ) each
    ) AS contradiction
