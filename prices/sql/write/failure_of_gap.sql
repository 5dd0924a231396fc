-- Keep why an attempt at a gap failed, by its key.
UPDATE prices_gap SET last_error = %(error)s WHERE id = %(gap)s
