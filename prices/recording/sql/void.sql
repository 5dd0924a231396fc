-- Close gaps of one symbol whose ids, from `first` to `last`, no trade bears. The caller holds the pen.
WITH
gap AS (
    SELECT * FROM prices_gap
    WHERE symbol_id = %(symbol)s AND status = 'open' AND first_trade >= %(first)s AND last_trade <= %(last)s
),
void AS (
    UPDATE prices_gap SET
        status = 'void', closed_at = now(), source = 'rest', ticks = 0,
        found_first = NULL, found_last = NULL, found_starts = NULL, found_ends = NULL
    FROM gap WHERE prices_gap.id = gap.id
    RETURNING prices_gap.id
),
repaired AS (
    -- What of a gap was filled before the rest proved void keeps a row of its own.
    INSERT INTO prices_gap (
        symbol_id, first_trade, last_trade, starts, ends, status, opened_at, closed_at, attempts, last_error, source, ticks
    )
    SELECT
        symbol_id, found_first, found_last, found_starts, found_ends, 'repaired', opened_at, now(), attempts, last_error, source, ticks
    FROM gap WHERE ticks > 0
)
SELECT count(*) FROM void
