-- The instants of the earliest and of the latest tick of one symbol.
SELECT min(timestamp), max(timestamp) FROM prices_price WHERE symbol_id = %(symbol)s
