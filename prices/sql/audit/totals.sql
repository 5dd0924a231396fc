-- Sums over some ticks of one symbol: ticks, trades, the last tick's first trade id, and the trade
-- id after all of their trades.
SELECT count(*), coalesce(sum(trades), 0), max(first_trade), max(first_trade + greatest(trades, 1))
FROM prices_price
WHERE symbol_id = %(symbol)s AND first_trade > %(seen)s AND first_trade <= %(stop)s
