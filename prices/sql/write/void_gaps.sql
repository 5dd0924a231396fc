-- Close gaps of one symbol as void: the trade ids `first` to `last` never existed. The caller holds
-- the writer lock of the symbol.
WITH
gap AS (
    SELECT * FROM prices_gap
    WHERE
        symbol_id = %(symbol)s
        AND status = 'open'
        AND first_trade >= %(first)s
        AND last_trade <= %(last)s
),
void AS (
    UPDATE prices_gap SET
        status = 'void', closed_at = now(), source = 'rest', ticks = 0,
        found_first = NULL, found_last = NULL, found_starts = NULL, found_ends = NULL
    FROM gap WHERE prices_gap.id = gap.id
    RETURNING prices_gap.id
),
repaired AS (
    -- Parts of a gap that were filled before the rest proved void keep rows of their own.
    INSERT INTO prices_gap (
        symbol_id,
        first_trade,
        last_trade,
        starts,
        ends,
        status,
        opened_at,
        closed_at,
        attempts,
        last_error,
        source,
        ticks
    )
    SELECT
        symbol_id,
        lower(filled),
        upper(filled) - 1,
        found_starts,
        found_ends,
        'repaired',
        opened_at,
        now(),
        attempts,
        last_error,
        source,
        CASE WHEN row_number() OVER (PARTITION BY id ORDER BY filled) = 1 THEN ticks ELSE 0 END
    FROM gap CROSS JOIN LATERAL unnest(
        int8multirange(int8range(found_first, found_last, '[]'))
        - int8multirange(int8range(first_trade, last_trade, '[]'))
    ) AS filled
    WHERE found_first IS NOT NULL
)
SELECT count(*) FROM void
