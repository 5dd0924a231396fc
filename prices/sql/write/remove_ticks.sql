-- Delete ticks of one symbol, by first trade id. The caller holds the writer lock of the symbol.
DELETE FROM prices_price WHERE symbol_id = %(symbol)s AND first_trade = ANY(%(firsts)s)
