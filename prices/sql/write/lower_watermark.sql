-- Lower a watermark of one symbol that lies in the future: it came from an event with a wrong time.
UPDATE prices_symbol SET heard_at = NULL, heard_through = (
    SELECT max(timestamp) FROM prices_price WHERE symbol_id = %(symbol)s
) WHERE id = %(symbol)s AND heard_through > now() + interval '1 hour'
