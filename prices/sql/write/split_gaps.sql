-- Add rows for further parts that are left of open gaps. They inherit the attempts at the gap.
--
-- Parameters: symbol, gap, what is still missing, and its share of what was found, as arrays of
-- equal length.
INSERT INTO prices_gap (
    symbol_id, first_trade, last_trade, starts, ends, status, opened_at, attempts, last_error,
    found_first, found_last, found_starts, found_ends
)
SELECT
    gap.symbol_id, rest.first_trade, rest.last_trade, rest.starts, rest.ends, 'open',
    gap.opened_at, gap.attempts, gap.last_error,
    rest.found_first, rest.found_last, rest.found_starts, rest.found_ends
FROM unnest(
    %(symbol)s::smallint[], %(gap)s::bigint[],
    %(first)s::bigint[], %(last)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
    %(found_first)s::bigint[],
    %(found_last)s::bigint[],
    %(found_starts)s::timestamptz[],
    %(found_ends)s::timestamptz[]
) AS rest (
    symbol_id,
    gap_id,
    first_trade,
    last_trade,
    starts,
    ends,
    found_first,
    found_last,
    found_starts,
    found_ends
)
JOIN prices_gap AS gap ON rest.gap_id = gap.id AND rest.symbol_id = gap.symbol_id
