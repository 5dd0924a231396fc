-- Ticks of one symbol in numbers: how many, of how many trades; the last one's first trade id; and
-- the id after all trades that they hold.
SELECT count(*), coalesce(sum(trades), 0), max(first_trade), max(first_trade + greatest(trades, 1))
FROM prices_price
WHERE symbol_id = %(symbol)s AND first_trade > %(seen)s AND first_trade <= %(stop)s
