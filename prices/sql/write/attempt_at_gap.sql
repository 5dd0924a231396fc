-- Count an attempt at a gap, by its key.
UPDATE prices_gap SET attempts = attempts + 1 WHERE id = %(gap)s
