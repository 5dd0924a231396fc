-- The instant of one tick, found by its first trade id.
SELECT timestamp FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade = %(first)s
