-- Shrink open gaps to the first part that is left of each.
--
-- Parameters: symbol, gap, what is still missing, its share of what was found, and how many ticks
-- have filled it, as arrays of equal length; and the source of these ticks.
UPDATE prices_gap gap
SET
    first_trade = rest.first_trade,
    last_trade = rest.last_trade,
    starts = rest.starts,
    ends = rest.ends,
    found_first = rest.found_first, found_last = rest.found_last,
    found_starts = rest.found_starts, found_ends = rest.found_ends,
    ticks = gap.ticks + rest.ticks, source = %(source)s
FROM unnest(
    %(symbol)s::smallint[], %(gap)s::bigint[],
    %(first)s::bigint[], %(last)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
    %(found_first)s::bigint[],
    %(found_last)s::bigint[],
    %(found_starts)s::timestamptz[],
    %(found_ends)s::timestamptz[],
    %(ticks)s::integer[]
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
    found_ends,
    ticks
)
WHERE gap.id = rest.gap_id AND gap.symbol_id = rest.symbol_id
