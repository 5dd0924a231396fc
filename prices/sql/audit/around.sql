-- The ticks of one symbol on either side of a trade id, `limit` on each side. The last column is
-- the latest instant at which a tick can have been traded.
(
    SELECT first_trade, timestamp, trades, now() + interval '1 hour' FROM prices_price
    WHERE symbol_id = %(symbol)s AND first_trade <= %(first)s
    ORDER BY first_trade DESC
    LIMIT %(limit)s
)
UNION ALL
(
    SELECT first_trade, timestamp, trades, now() + interval '1 hour' FROM prices_price
    WHERE symbol_id = %(symbol)s AND first_trade > %(first)s ORDER BY first_trade LIMIT %(limit)s
)
ORDER BY first_trade
