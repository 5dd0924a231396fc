-- When the earliest and the latest tick of one symbol were made.
SELECT min(timestamp), max(timestamp) FROM prices_price WHERE symbol_id = %(symbol)s
