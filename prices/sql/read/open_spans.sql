-- What the tape of one symbol lacks of some trades: the ends of the tape, from where it is kept,
-- and the open gaps of the ledger, a row for each, or one without any.
--
-- Parameters: the number of the symbol; the first and the last trade id, both included.
SELECT
    coalesce(symbol.kept_from, 0),
    oldest.first_trade, oldest.timestamp, newest.first_trade + newest.trades - 1, newest.timestamp,
    symbol.heard_at > now() - interval '5 seconds'
        AND symbol.heard_at < now() + interval '5 seconds',
    gap.first_trade, gap.last_trade, gap.starts, gap.ends
FROM prices_symbol AS symbol
LEFT JOIN LATERAL (
    SELECT tick.first_trade, tick.timestamp FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id AND tick.first_trade >= coalesce(symbol.kept_from, 0)
    ORDER BY tick.first_trade LIMIT 1
) AS oldest ON true
LEFT JOIN LATERAL (
    SELECT tick.first_trade, tick.timestamp, tick.trades FROM prices_price AS tick
    WHERE tick.symbol_id = symbol.id ORDER BY tick.first_trade DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT * FROM prices_gap
    WHERE prices_gap.symbol_id = symbol.id AND prices_gap.status = 'open'
        AND prices_gap.last_trade >= greatest(%(first)s, coalesce(symbol.kept_from, 0))
        AND prices_gap.first_trade <= %(last)s
    -- LIMIT changes no result: it makes the planner read one short range of the index.
    ORDER BY prices_gap.last_trade LIMIT 9223372036854775807
) AS gap ON true
WHERE symbol.id = %(symbol)s
