-- How many trades of one symbol are missing between two trade ids, both included, and in how many
-- gaps of the ledger, where the tape is kept.
SELECT
    count(*),
    coalesce(sum(
        least(gap.last_trade, %(last)s) - greatest(gap.first_trade, %(first)s) + 1
    ), 0)::bigint
FROM prices_gap AS gap
JOIN prices_symbol AS symbol ON gap.symbol_id = symbol.id
WHERE gap.symbol_id = %(symbol)s AND gap.status = 'open'
    AND gap.last_trade >= greatest(%(first)s, coalesce(symbol.kept_from, 0))
    AND gap.first_trade <= %(last)s
