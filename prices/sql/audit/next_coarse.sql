-- The first interval of one symbol and width, from an instant on, that has a minute or a coarse
-- candle.
SELECT date_bin(%(width)s * interval '1 minute', least(
    (SELECT min(minute) FROM prices_candle WHERE symbol_id = %(symbol)s AND minute >= %(start)s),
    (
        SELECT min(minute) FROM prices_coarsecandle
        WHERE symbol_id = %(symbol)s AND minutes = %(width)s AND minute >= %(start)s
    )
), 'epoch')
