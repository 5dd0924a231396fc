-- The first minute of one symbol, from an instant on, that has a tick or a candle.
SELECT date_bin('1 minute', least(
    (
        SELECT min(timestamp)
        FROM prices_price
        WHERE symbol_id = %(symbol)s AND timestamp >= %(start)s
    ),
    (SELECT min(minute) FROM prices_candle WHERE symbol_id = %(symbol)s AND minute >= %(start)s)
), 'epoch')
