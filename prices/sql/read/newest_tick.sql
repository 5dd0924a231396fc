-- The last trade id of a symbol's tape, and the instant of its tick.
--
-- Parameters: the number of the symbol.
SELECT first_trade + trades - 1, timestamp FROM prices_price
WHERE symbol_id = %(symbol)s ORDER BY first_trade DESC LIMIT 1
