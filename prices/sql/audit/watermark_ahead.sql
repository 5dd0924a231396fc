-- Up to when one symbol is claimed to be complete, if that is yet to come.
SELECT heard_through FROM prices_symbol
WHERE id = %(symbol)s AND heard_through > now() + interval '1 hour'
