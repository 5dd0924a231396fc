-- The first trade id of the first tick of one symbol after a trade id.
SELECT first_trade FROM prices_price
WHERE symbol_id = %(symbol)s AND first_trade > %(after)s
ORDER BY first_trade LIMIT 1
