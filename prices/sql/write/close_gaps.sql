-- Close gaps of which nothing is missing any more: each is again what was found.
--
-- Parameters: by symbol and gap how many ticks have filled it now, as arrays of equal length; and
-- where these came from.
UPDATE prices_gap gap
SET status = 'repaired', closed_at = now(),
    first_trade = coalesce(gap.found_first, gap.first_trade),
    last_trade = coalesce(gap.found_last, gap.last_trade),
    starts = coalesce(gap.found_starts, gap.starts), ends = coalesce(gap.found_ends, gap.ends),
    found_first = NULL, found_last = NULL, found_starts = NULL, found_ends = NULL,
    ticks = gap.ticks + closed.ticks, source = %(source)s
FROM
    unnest(%(symbol)s::smallint[], %(gap)s::bigint[], %(ticks)s::integer[])
        AS closed (symbol_id, gap_id, ticks)
WHERE gap.id = closed.gap_id AND gap.symbol_id = closed.symbol_id
