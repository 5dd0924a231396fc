-- The first trade id that pruning has left of one symbol; 0 when it never was at work.
SELECT coalesce(kept_from, 0) FROM prices_symbol WHERE id = %(symbol)s
