-- When a tick of one symbol was made.
SELECT timestamp FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade = %(first)s
