-- The first trade id that pruning has kept of one symbol; 0 when nothing was pruned.
SELECT coalesce(kept_from, 0) FROM prices_symbol WHERE id = %(symbol)s
