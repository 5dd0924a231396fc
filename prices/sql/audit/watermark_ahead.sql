-- The watermark of one symbol, if it lies in the future.
SELECT heard_through FROM prices_symbol
WHERE id = %(symbol)s AND heard_through > now() + interval '1 hour'
