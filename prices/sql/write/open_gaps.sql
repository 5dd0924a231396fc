-- Open gaps: trades that were not known to be missing.
--
-- Parameters: the gaps, as arrays of equal length.
INSERT INTO prices_gap (symbol_id, first_trade, last_trade, starts, ends, status)
SELECT symbol_id, first_trade, last_trade, starts, ends, 'open'
FROM unnest(
    %(symbol)s::smallint[],
    %(first)s::bigint[],
    %(last)s::bigint[],
    %(starts)s::timestamptz[],
    %(ends)s::timestamptz[]
) AS gap (symbol_id, first_trade, last_trade, starts, ends)
