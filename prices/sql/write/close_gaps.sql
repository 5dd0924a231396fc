-- Close gaps that were filled completely: their range is again the one that was found.
--
-- Parameters: symbol, gap and how many ticks have filled it, as arrays of equal length; and the
-- source of these ticks.
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
