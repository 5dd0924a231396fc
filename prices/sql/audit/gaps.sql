-- The open and void rows of the gap ledger that touch some trade ids of one symbol.
SELECT id, first_trade, last_trade, starts, ends, status FROM prices_gap
WHERE
    symbol_id = %(symbol)s
    AND status <> 'repaired'
    AND last_trade >= %(first)s
    AND first_trade <= %(last)s
ORDER BY first_trade, id
