-- Lower the watermark of one symbol that is yet to come: it, too, came from an event whose time was
-- wrong.
UPDATE prices_symbol SET heard_at = NULL, heard_through = (
    SELECT max(timestamp) FROM prices_price WHERE symbol_id = %(symbol)s
) WHERE id = %(symbol)s AND heard_through > now() + interval '1 hour'
