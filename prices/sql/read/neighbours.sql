-- The instants of the ticks on either side of some trade ids of one symbol.
SELECT
    (
        SELECT timestamp FROM prices_price
        WHERE symbol_id = %(symbol)s AND first_trade < %(first)s ORDER BY first_trade DESC LIMIT 1
    ),
    (
        SELECT timestamp FROM prices_price
        WHERE symbol_id = %(symbol)s AND first_trade > %(last)s ORDER BY first_trade LIMIT 1
    )
